/** Requests that a running replica must answer in time, whatever its database does. */
import { type CallOptions, randomOf } from '@gatehouse/testkit'
import type { Tokens } from '../system.ts'
import { type AuthSlot, answerLimitMs, type Cluster } from './cluster.ts'
import { type ChaosContext, pause, repeatUntilStopped } from './context.ts'
import { type TimedResponse, timedRequest } from './timedRequest.ts'

/** Probes one replica until the load ends: its readiness, and as the administrator. */
export async function prober(context: ChaosContext, slot: AuthSlot): Promise<void> {
  const { cluster, seed } = context
  const random = randomOf(seed, `prober of ${slot.name}`)
  let token: string | null = null
  await repeatUntilStopped(context, async () => {
    await pause(context, random, [50, 150])
    if (token === null) {
      const { result, body } = await probe(cluster, slot, {
        path: '/session',
        body: { ...cluster.admin, transport: 'body' },
      })
      if (result === 'ok') token = (body as Tokens).accessToken
      return
    }
    const [{ status }] = await Promise.all([
      probe(cluster, slot, { path: '/me', token }),
      probe(cluster, slot, { path: '/readyz' }),
    ])
    if (status === 401) token = null
  })
}

/** Sends a request and records it. */
export async function probe(
  { record }: Pick<Cluster, 'record'>,
  { name, call }: AuthSlot,
  { path, ...options }: CallOptions & { path: string },
): Promise<TimedResponse> {
  const response = await timedRequest(call, path, { ...options, timeoutMs: answerLimitMs })
  const { startMs, endMs, result } = response
  record({ kind: 'probe', target: name, path, startMs, endMs, result })
  return response
}
