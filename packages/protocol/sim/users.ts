/** The people: they log in, renew and lose answers, and some of their refresh tokens are stolen. */
import { newProcess, type Process } from './processes.ts'
import { createRenewing, type Renewed } from './renewing.ts'
import type { Replica } from './replica.ts'
import { startRevoking } from './revoking.ts'
import { type Lifetimes, logIn, type RefreshToken } from './sessions.ts'
import { users } from './tables.ts'
import type { World } from './world.ts'

interface Person {
  process: Process
  user: string
  /** What it would present next; nothing when it must log in. */
  holds: { sid: string; generation: number } | null
  /** It sends an Idempotency-Key, so a lost answer may be asked for again at any time. */
  hasKeys: boolean
}

export function startUsers(stage: World, replicas: readonly Replica[]): void {
  const { timeline, processes, network, database, random, scale, checker } = stage
  const lifetimes: Lifetimes = { tokenMs: scale.tokenMs, sessionMs: 2500, idleMs: 1200 }
  const { renew, obey } = createRenewing(stage, lifetimes)
  const stolen: RefreshToken[] = []
  const sids: string[] = []
  let sidsGiven = 0

  const call = (person: Person, work: (replica: Replica, reply: (act: () => void) => void) => void) => {
    const replica = random.pick(replicas)
    const { name } = person.process
    const reply = (act: () => void) =>
      network.send({ from: replica.process.name, to: name }, () => processes.later(person.process, 0, act))
    network.send({ from: name, to: replica.process.name }, () =>
      processes.later(replica.process, 0, () => work(replica, reply)),
    )
  }

  const enter = (person: Person) =>
    call(person, (replica, reply) => {
      sidsGiven += 1
      const sid = `s${sidsGiven}`
      database.query(replica.process, logIn({ sid, user: person.user }, lifetimes), token => {
        if (!token) return
        sids.push(sid)
        checker.minted(token)
        reply(() => {
          person.holds ??= { sid, generation: 1 }
        })
      })
    })

  const goOn = (person: Person, { sid, generation }: { sid: string; generation: number }) => {
    const attempt = person.hasKeys ? `${person.process.name}:${sid}:${generation}` : null
    const presented = { sid, generation, attempt, isStolen: false }
    if (random.happens(0.2)) stolen.push({ ...presented, attempt: null, isStolen: true })
    checker.renewals.held(presented)
    call(person, (replica, reply) =>
      renew(replica, presented, renewed => {
        obey(replica, presented, renewed)
        reply(() => {
          if (person.holds?.sid !== sid || person.holds.generation !== generation) return
          person.holds = next(person.holds, renewed)
        })
      }),
    )
  }
  const next = (holds: { sid: string; generation: number }, renewed: Renewed) => {
    if (!('kind' in renewed)) return { sid: holds.sid, generation: holds.generation + 1 }
    return renewed.kind === 'held' ? holds : null
  }

  const live = (person: Person) => {
    if (person.holds === null) enter(person)
    else goOn(person, person.holds)
    processes.later(person.process, random.between(40, 500), () => live(person))
  }

  const steal = () => {
    const loot = stolen.shift()
    if (loot !== undefined) {
      const replica = random.pick(replicas)
      renew(replica, loot, renewed => obey(replica, loot, renewed))
    }
    timeline.after(random.between(100, 600), steal)
  }

  for (const user of users) {
    for (const device of ['phone', 'desk']) {
      const person = { process: newProcess(`${user}-${device}`), user, holds: null, hasKeys: device === 'phone' }
      processes.later(person.process, random.between(0, 100), () => live(person))
    }
  }
  startRevoking(stage, { replicas, sids })
  timeline.after(random.between(200, 800), steal)
}
