/** One run: builds the stage, lets everybody act while things break, waits for calm, and returns the history. */
import { systemClock } from '@gatehouse/clock'
import { password } from '../system.ts'
import { client } from './clients.ts'
import { bounds, buildStage, type Cluster } from './cluster.ts'
import type { ChaosContext } from './context.ts'
import { type FaultName, faultNames } from './faults.ts'
import type { Happening, History } from './history.ts'
import type { Mistake } from './mutations/mutations.ts'
import type { ProcessSlot } from './processSlot.ts'
import { trespasser } from './revokedTokens.ts'
import { type Disabled, revoker } from './revoking.ts'
import { keepBreaking } from './schedule.ts'
import { createPeople } from './sessionPool.ts'
import { ask } from './timedRequest.ts'

export interface RunOptions {
  seed: number
  /** How long faults begin; the last may take some seconds more, and the calm afterwards too. */
  forMs: number
  auths: number
  resources: number
  faults?: readonly FaultName[]
  mistake?: Mistake | undefined
}

const accounts = 4
const clients = 6
const revokers = 2
/** A guard may be in the middle of a poll that nobody will answer, which it gives up after eight seconds. */
const recoveryMs = 15_000
const calmMs = 1500

export async function runChaos({ seed, forMs, faults = faultNames, ...services }: RunOptions): Promise<History> {
  const happenings: Happening[] = []
  const stage = await buildStage({ ...services, note: happening => void happenings.push(happening) })
  try {
    const people = createPeople(await createUsers(stage))
    const stopping = new AbortController()
    const background = new Set<Promise<void>>()
    const inBackground = (work: Promise<void>) => {
      background.add(work)
      void work.finally(() => background.delete(work))
    }
    const scene = { stage, people, seed, stopping: stopping.signal, inBackground }
    const acting = Promise.all(actors(scene))
    const breaking = async () => {
      await keepBreaking(stage, { seed, names: faults, untilMs: systemClock.nowMs() + forMs })
      await Promise.all([...stage.auths, ...stage.resources].map(place => untilServing(stage, place)))
      await systemClock.sleep(calmMs)
    }
    // An actor that fails is a mistake of the run: then nothing is waited for.
    await Promise.race([acting, breaking()]).finally(() => stopping.abort())
    await acting
    await Promise.all(background)
    return { happenings, bounds }
  } finally {
    await stage.close()
  }
}

function actors(scene: ChaosContext): Promise<void>[] {
  const emails = [...scene.people.users.keys()]
  const disabled: Disabled = new Set()
  return [
    ...Array.from({ length: clients }, (_, at) =>
      client(scene, {
        name: `client-${at}`,
        who: { email: emails[at % emails.length] ?? '', password },
        hasKey: at % 2 === 0,
      }),
    ),
    ...Array.from({ length: revokers }, (_, at) => revoker(scene, `revoker-${at}`, disabled)),
    trespasser(scene, 'trespasser'),
  ]
}

async function createUsers({ auths: [auth], admin }: Cluster): Promise<Map<string, string>> {
  if (auth === undefined) throw new Error('a run needs an auth service')
  const boss = await auth.call('/session', { body: { ...admin, transport: 'body' } })
  const { accessToken: token } = boss.body as { accessToken: string }
  const users = new Map<string, string>()
  for (let number = 1; number <= accounts; number += 1) {
    const email = `person-${number}@example.org`
    const { body } = await auth.call('/admin/users', { token, body: { email, password } })
    users.set(email, (body as { id: string }).id)
  }
  return users
}

async function untilServing({ note }: Cluster, { name, call }: ProcessSlot): Promise<void> {
  const startMs = systemClock.nowMs()
  const endMs = () => systemClock.nowMs()
  while (endMs() < startMs + recoveryMs) {
    if ((await ask(call, '/readyz', { timeoutMs: 1000 })).told === 'ok') {
      note({ kind: 'recovery', target: name, startMs, endMs: endMs(), isServing: true })
      return
    }
    await systemClock.sleep(50)
  }
  note({ kind: 'recovery', target: name, startMs, endMs: endMs(), isServing: false })
}
