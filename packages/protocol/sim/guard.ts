/** A resource service's process: it follows the feed, dies, and is born again under another id. */
import type { PollResponse } from '@gatehouse/contract'
import { createFollower, type Follower, type Instant } from '../src/index.ts'
import type { MachineClock } from './clocks.ts'
import { newProcess, type Process } from './processes.ts'
import type { Replica } from './replica.ts'
import type { World } from './world.ts'

export interface Guard {
  process: Process
  clock: MachineClock
  /** What it decides from; nothing while it does not serve. */
  follower: () => Follower | undefined
  start: () => void
  /** Stops serving, then says so. */
  leave: () => void
  die: () => void
  /** From now on it polls but throws away every answer that brings entries. */
  stall: () => void
  isStalled: () => boolean
}

export interface GuardOptions {
  name: string
  clock: MachineClock
  replicas: readonly Replica[]
}

const sweepMs = 120
const sweptAtOnce = 4

export function createGuard(stage: World, { name, clock, replicas }: GuardOptions): Guard {
  const { processes, network, random, rules, scale, checker, trace } = stage
  const process = newProcess(name)
  process.isAlive = false
  let follower: Follower | undefined
  let id = name
  let isStalled = false
  let replica = random.pick(replicas)

  const poll = (self: Follower) => {
    if (self !== follower) return
    const { question, asked } = rules.beginPoll(self, clock.read())
    trace(id, () => `asks ${replica.process.name} ${JSON.stringify(question)}`)
    const from = { name, life: process.life, to: replica }
    const answered = (answer: PollResponse | 'feed-changed' | undefined) => {
      if (answer === undefined) return
      network.send({ from: from.to.process.name, to: from.name }, () => {
        if (from.life === process.life) processes.later(process, 0, () => heard(self, { asked, answer }))
      })
    }
    const request = { guard: id, ...question }
    network.send({ from: name, to: from.to.process.name }, () =>
      processes.later(from.to.process, 0, () => from.to.poll(request, answered)),
    )
    processes.later(process, scale.timeoutMs, () => {
      if (self.pendingPoll !== asked) return
      rules.abandonPoll(self)
      replica = random.pick(replicas)
      processes.later(process, random.between(5, 60), () => poll(self))
    })
  }

  const heard = (self: Follower, { asked, answer }: { asked: Instant; answer: PollResponse | 'feed-changed' }) => {
    if (self !== follower) return
    if (answer === 'feed-changed') {
      if (self.pendingPoll === asked) restart()
      return
    }
    if (isStalled && answer.entries.length > 0) return
    const received = apply(self, asked, answer)
    trace(
      id,
      () => `${received} ${JSON.stringify(answer)}; valid until ${self.validUntil.nowMs}, now ${clock.read().nowMs}`,
    )
    if (received === 'restart') return restart()
    if (received === 'applied') processes.later(process, random.between(0, 2), () => poll(self))
  }

  const apply = (self: Follower, asked: Instant, answer: PollResponse) => {
    if (rules.isAppliedFirst || answer.more) return rules.applyResponse(self, asked, answer)
    processes.later(process, random.between(0, 30), () => {
      for (const entry of answer.entries) rules.applyEntry(self.index, entry)
    })
    return rules.applyResponse(self, asked, { ...answer, entries: [] })
  }

  const sweep = (self: Follower) => {
    if (self !== follower) return
    const { wallMs } = clock.read()
    const forgotten = rules.removeExpired(self.index, { wallMs, max: sweptAtOnce })
    if (forgotten < sweptAtOnce) checker.swept(self, wallMs)
    processes.later(process, forgotten < sweptAtOnce ? sweepMs : 1, () => sweep(self))
  }

  const begin = () => {
    const self = createFollower()
    follower = self
    id = rules.isIdFresh ? `${name}.${random.whole(0, 1e9)}` : 'guard'
    poll(self)
    processes.later(process, sweepMs, () => sweep(self))
  }

  const restart = () => {
    trace(id, () => 'begins a new life')
    follower = undefined
    processes.later(process, random.between(1, 20), begin)
  }

  return {
    process,
    clock,
    follower: () => follower,
    isStalled: () => isStalled,
    start: () => {
      processes.bear(process)
      isStalled = false
      processes.later(process, 0, begin)
    },
    leave: () => {
      follower = undefined
      const { process: to, leave } = random.pick(replicas)
      const left = id
      network.send({ from: name, to: to.name }, () => processes.later(to, 0, () => leave(left)))
      processes.kill(process)
    },
    die: () => {
      follower = undefined
      processes.kill(process)
    },
    stall: () => {
      isStalled = true
    },
  }
}
