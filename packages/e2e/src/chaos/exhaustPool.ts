/** Takes every connection of one replica's pool. */
import { systemClock } from '@gatehouse/clock'
import { onServer } from '@gatehouse/testkit'
import type { Tokens } from '../system.ts'
import type { AuthSlot, Cluster } from './cluster.ts'
import { probe } from './probing.ts'
import { timedRequest } from './timedRequest.ts'

/** More than DATABASE_POOL. */
const requests = 16

/** Locks the table that every authenticated request reads, and sends such requests for `ms` milliseconds. */
export async function exhaustPool(cluster: Cluster, slot: AuthSlot, ms: number): Promise<void> {
  const { result, body } = await timedRequest(slot.call, '/session', {
    body: { ...cluster.admin, transport: 'body' },
    timeoutMs: 2500,
  })
  // Another fault may prevent the log-in: then the lock alone makes the requests of the actors wait.
  const token = result === 'ok' ? (body as Tokens).accessToken : undefined
  const untilMs = systemClock.nowMs() + ms
  const locked = onServer(
    cluster.postgres.url,
    `BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(${ms / 1000}); COMMIT`,
  )
  const flood = async () => {
    if (token === undefined) return
    while (systemClock.nowMs() < untilMs) await probe(cluster, slot, { path: '/me', token })
  }
  await Promise.all([locked, ...Array.from({ length: requests }, flood)])
}
