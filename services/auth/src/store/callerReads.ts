/** Groups the reads of concurrent callers, so that many requests are authenticated with one statement. */
import type { Clock } from '@gatehouse/clock'
import { createBatcher } from '../database/batcher.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import { type CallerFacts, readCaller, readCallers, type UserToken } from './readCaller.ts'
import { type ClientFacts, type ClientToken, readClientCaller } from './readClientCaller.ts'

export interface CallerReads {
  user: (token: UserToken) => Promise<CallerFacts>
  client: (token: ClientToken) => Promise<ClientFacts>
}

const maxItems = 64

/** @returns reads of which none began before its caller asked */
export function createCallerReads(db: QueryRaw, clock: Pick<Clock, 'sleep'>): CallerReads {
  const users = createBatcher<UserToken, CallerFacts>({
    run: async tokens => {
      const [only, ...rest] = tokens
      return only !== undefined && rest.length === 0 ? [await readCaller(db, only)] : readCallers(db, tokens)
    },
    maxItems,
    clock,
  })
  const clients = createBatcher<ClientToken, ClientFacts>({
    run: async tokens => {
      // Many requests come from few clients.
      const reads = new Map<string, Promise<ClientFacts>>()
      const keyOf = ({ id, sid, keyId }: ClientToken) => JSON.stringify([id, sid, keyId])
      for (const token of tokens) {
        if (!reads.has(keyOf(token))) reads.set(keyOf(token), readClientCaller(db, token))
      }
      return Promise.all(tokens.map(token => reads.get(keyOf(token)) as Promise<ClientFacts>))
    },
    maxItems,
    clock,
  })
  return { user: users.add, client: clients.add }
}

/** @returns the same reads, each with a statement of its own */
export function singleReads(db: QueryRaw): CallerReads {
  return { user: token => readCaller(db, token), client: token => readClientCaller(db, token) }
}
