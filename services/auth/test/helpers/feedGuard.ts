/** A guard as the feed sees it: an id, credentials, and polls. */
import { randomUUID } from 'node:crypto'
import type { PollResponse } from '@gatehouse/contract'
import type { HttpResponse, Stage } from './service.ts'

export interface TestGuard {
  id: string
  poll: (more?: object) => Promise<HttpResponse>
  /** The answer to a poll that is taken. */
  taken: (more?: object) => Promise<PollResponse>
  /** Begins: learns the feed, obtains its first lease; from then on polls are held. */
  begin: () => Promise<{ feedId: string; after: number }>
}

/** @param authorization the header of its service client; the stage's own unless given */
export function testGuard(
  { call, guardCredentials }: Pick<Stage, 'call' | 'guardCredentials'>,
  { id = randomUUID(), authorization = guardCredentials }: { id?: string; authorization?: string } = {},
): TestGuard {
  const poll = (more: object = {}) =>
    call('/guards/poll', { body: { guard: id, name: 'test', version: '1', ...more }, headers: { authorization } })
  const taken = async (more: object = {}) => {
    const { status, body } = await poll(more)
    if (status !== 200) throw new Error(`the poll was refused: ${JSON.stringify(body)}`)
    return body as PollResponse
  }
  const begin = async () => {
    let { feedId, head: after } = await taken()
    while ((await taken({ feedId, after })).leaseMs === 0) after = (await taken()).head
    return { feedId, after }
  }
  return { id, poll, taken, begin }
}

/** Appends entries about sessions that nobody has, and tells nobody. */
export async function append({ database }: Pick<Stage, 'database'>, count: number): Promise<void> {
  await database.pool.query(
    `WITH clock AS (UPDATE revocation_clock SET head = head + $1::int RETURNING head)
     INSERT INTO revocations (seq, kind, subject, outcome, expires_at)
     SELECT clock.head - $1::int + place, 'session', gen_random_uuid(), 'ended', clock_timestamp() + interval '1 hour'
       FROM clock, generate_series(1, $1::int) AS place`,
    [count],
  )
}
