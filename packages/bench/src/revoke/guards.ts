/** Brings guards to the feed: a crowd that only polls, and real ones. */
import type { Service } from '@gatehouse/e2e'
import { startProcess, type TestProcess } from '@gatehouse/testkit'
import type { Place } from '../environment.ts'

export interface Crowd {
  /** Polls answered so far. */
  polls: () => Promise<number>
  /** They say farewell. */
  leave: () => Promise<void>
}

const client = { id: 'crowd', secret: 'the secret of the bench crowd' }

export async function startCrowd(place: Place, auths: readonly Service[], count: number): Promise<Crowd> {
  await place.query(
    `INSERT INTO service_clients (id, name, secret_hash, scopes) VALUES ($1, $1, sha256($2::text::bytea), '{guard}')
     ON CONFLICT DO NOTHING`,
    [client.id, client.secret],
  )
  const credentials = [client.id, client.secret].map(encodeURIComponent).join(':')
  const crowd: TestProcess = await startProcess({
    entry: new URL('./simulatedGuards.js', import.meta.url).pathname,
    env: { BENCH_CROWD: JSON.stringify({ authUrls: auths.map(({ url }) => url), count, credentials }) },
    readyWhen: /listening at (\S+)/,
    timeoutMs: 60_000,
  })
  return {
    polls: async () => {
      const { polls } = (await (await fetch(crowd.ready)).json()) as { polls: number }
      return polls
    },
    leave: async () => {
      await crowd.stop()
    },
  }
}
