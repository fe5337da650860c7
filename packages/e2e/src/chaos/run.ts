/** One run: starts a cluster, lets the actors work under faults, and waits for recovery. */
import { setMaxListeners } from 'node:events'
import { systemClock } from '@gatehouse/clock'
import { password } from '../system.ts'
import { check, type Promised } from './checker.ts'
import { client } from './clients.ts'
import { bounds, type Cluster, startCluster } from './cluster.ts'
import type { ChaosContext } from './context.ts'
import { type FaultName, faultNames } from './faults.ts'
import type { History, HistoryEvent } from './history.ts'
import type { MutationName } from './mutations/mutations.ts'
import { prober } from './probing.ts'
import type { ProcessSlot } from './processSlot.ts'
import { replayer } from './revokedTokens.ts'
import { type Disabled, revoker } from './revoking.ts'
import { injectFaults } from './schedule.ts'
import { createSessionPool } from './sessionPool.ts'
import { timedRequest } from './timedRequest.ts'

export interface RunOptions {
  seed: number
  /** No fault begins later, except for the first time; the last one and the recovery take some seconds more. */
  forMs: number
  auths: number
  resources: number
  faults?: readonly FaultName[]
  mutation?: MutationName | undefined
  /** Ends the run as soon as this promise is broken. */
  until?: Promised
}

const accounts = 4
const clients = 6
const revokers = 2
/** A guard abandons a poll without an answer after eight seconds. */
const recoveryMs = 15_000
const calmMs = 1500
/** How often a run that ends with a violation looks for it. */
const lookMs = 300

export async function runChaos(options: RunOptions): Promise<History> {
  const { seed, forMs, faults = faultNames, until, ...services } = options
  const events: HistoryEvent[] = []
  const cluster = await startCluster({ ...services, record: event => void events.push(event) })
  try {
    const sessionPool = createSessionPool(await createUsers(cluster))
    const stopping = new AbortController()
    // Every actor listens.
    setMaxListeners(0, stopping.signal)
    const background = new Set<Promise<void>>()
    const inBackground = (work: Promise<void>) => {
      background.add(work)
      void work.finally(() => background.delete(work))
    }
    const context = { cluster, sessionPool, seed, stopping: stopping.signal, inBackground }
    const actorsDone = Promise.all(actors(context))
    const recovered = async () => {
      const untilMs = systemClock.nowMs() + forMs
      await injectFaults(cluster, { seed, names: faults, untilMs, stopping: stopping.signal })
      if (stopping.signal.aborted) return
      await Promise.all([...cluster.auths, ...cluster.resources].map(slot => waitUntilServing(cluster, slot)))
      await systemClock.sleep(calmMs)
    }
    const broken = async (promised: Promised) => {
      while (!stopping.signal.aborted && !check({ events, bounds }).some(({ promise }) => promise === promised))
        await systemClock.sleep(lookMs)
    }
    const faultsDone = recovered()
    // A failing actor is a fault of the tool and ends the run at once.
    await Promise.race([actorsDone, faultsDone, ...(until === undefined ? [] : [broken(until)])]).finally(() =>
      stopping.abort(),
    )
    await Promise.all([actorsDone, faultsDone])
    await Promise.all(background)
    return { events, bounds }
  } finally {
    await cluster.close()
  }
}

function actors(context: ChaosContext): Promise<void>[] {
  const emails = [...context.sessionPool.users.keys()]
  const disabled: Disabled = new Set()
  return [
    ...Array.from({ length: clients }, (_, index) =>
      client(context, {
        name: `client-${index}`,
        credentials: { email: emails[index % emails.length] ?? '', password },
        hasKey: index % 2 === 0,
      }),
    ),
    ...Array.from({ length: revokers }, (_, index) => revoker(context, `revoker-${index}`, disabled)),
    replayer(context, 'replayer'),
    ...context.cluster.auths.map(slot => prober(context, slot)),
  ]
}

async function createUsers({ auths: [auth], admin }: Cluster): Promise<Map<string, string>> {
  if (auth === undefined) throw new Error('a run needs an auth replica')
  const adminLogin = await auth.call('/session', { body: { ...admin, transport: 'body' } })
  const { accessToken: token } = adminLogin.body as { accessToken: string }
  const users = new Map<string, string>()
  for (let number = 1; number <= accounts; number += 1) {
    const email = `user-${number}@example.org`
    const initial = `initial ${password}`
    const { body } = await auth.call('/admin/users', { token, body: { email, password: initial } })
    await auth.call('/session', { body: { email, password: initial, newPassword: password } })
    users.set(email, (body as { id: string }).id)
  }
  return users
}

async function waitUntilServing({ record }: Cluster, { name, call }: ProcessSlot): Promise<void> {
  const startMs = systemClock.nowMs()
  const endMs = () => systemClock.nowMs()
  while (endMs() < startMs + recoveryMs) {
    if ((await timedRequest(call, '/readyz', { timeoutMs: 1000 })).result === 'ok') {
      record({ kind: 'recovery', target: name, startMs, endMs: endMs(), isServing: true })
      return
    }
    await systemClock.sleep(50)
  }
  record({ kind: 'recovery', target: name, startMs, endMs: endMs(), isServing: false })
}
