/** A guard process: it follows the feed, crashes, and restarts with a new id. */
import type { PollResponse } from '@gatehouse/contract'
import { createFollower, type Follower, type Instant } from '../src/index.ts'
import type { MachineClock } from './clocks.ts'
import { holdsKey } from './keys.ts'
import { newProcess, type Process } from './processes.ts'
import type { Replica } from './replica.ts'
import type { Token } from './tables.ts'
import type { World } from './world.ts'

export interface Guard {
  process: Process
  clock: MachineClock
  /** Its state; undefined while the process does not serve. */
  follower: () => Follower | undefined
  start: () => void
  /** Stops serving, then leaves the feed. */
  leave: () => void
  die: () => void
  /** From now on it polls but ignores every response with entries. */
  stall: () => void
  isStalled: () => boolean
}

export interface GuardOptions {
  name: string
  clock: MachineClock
  replicas: readonly Replica[]
}

const removeExpiredEveryMs = 120
const removedAtOnce = 4
const serveEveryMs = 60

export function createGuard(world: World, { name, clock, replicas }: GuardOptions): Guard {
  const { processes, network, random, rules, durations, checker, trace } = world
  const process = newProcess(name)
  process.isAlive = false
  let follower: Follower | undefined
  let id = name
  let isStalled = false
  let replica = random.pick(replicas)

  const poll = (current: Follower) => {
    if (current !== follower) return
    const { pollCursor, sentAt } = rules.beginPoll(current, clock.read())
    trace(id, () => `polls ${replica.process.name} ${JSON.stringify(pollCursor)}`)
    const from = { name, life: process.life, to: replica }
    const reply = (response: PollResponse | 'feed-changed' | undefined) => {
      if (response === undefined) return
      network.send({ from: from.to.process.name, to: from.name }, () => {
        if (from.life === process.life) processes.later(process, 0, () => receive(current, { sentAt, response }))
      })
    }
    const request = { guard: id, ...pollCursor }
    network.send({ from: name, to: from.to.process.name }, () =>
      processes.later(from.to.process, 0, () => from.to.poll(request, reply)),
    )
    processes.later(process, durations.timeoutMs, () => {
      if (current.pendingPoll !== sentAt) return
      rules.abandonPoll(current)
      replica = random.pick(replicas)
      processes.later(process, random.between(5, 60), () => poll(current))
    })
  }

  const receive = (
    current: Follower,
    { sentAt, response }: { sentAt: Instant; response: PollResponse | 'feed-changed' },
  ) => {
    if (current !== follower) return
    if (response === 'feed-changed') {
      if (current.pendingPoll === sentAt) restart()
      return
    }
    if (isStalled && response.entries.length > 0) return
    const applied = apply(current, response, sentAt)
    trace(
      id,
      () =>
        `${applied} ${JSON.stringify(response)}; valid until ${current.validUntil.nowMs}, now ${clock.read().nowMs}`,
    )
    if (applied === 'restart') return restart()
    if (applied === 'applied') processes.later(process, random.between(0, 2), () => poll(current))
  }

  const apply = (current: Follower, response: PollResponse, sentAt: Instant) => {
    const times = { sentAt, receivedAtMs: clock.read().nowMs }
    if (rules.isAppliedFirst || response.more) return rules.applyResponse(current, response, times)
    processes.later(process, random.between(0, 30), () => {
      for (const entry of response.entries) rules.applyEntry(current.index, entry)
    })
    return rules.applyResponse(current, { ...response, entries: [] }, times)
  }

  const removeExpired = (current: Follower) => {
    if (current !== follower) return
    const expiredAtMs = rules.guardTimeMs(current, clock.read())
    const removed = expiredAtMs === null ? 0 : rules.removeExpired(current.index, { expiredAtMs, max: removedAtOnce })
    if (expiredAtMs !== null && removed < removedAtOnce) checker.swept(current, expiredAtMs)
    processes.later(process, removed < removedAtOnce ? removeExpiredEveryMs : 1, () => removeExpired(current))
  }

  const decide = (token: Token): boolean => {
    const now = clock.read()
    if (follower === undefined || !rules.hasLease(follower, now)) return false
    const timeMs = rules.guardTimeMs(follower, now)
    if (timeMs === null || timeMs >= token.expiresAtMs || !holdsKey(follower.index, token.kid)) return false
    return rules.lookup(follower.index, token) === undefined
  }

  /** A request whose body arrives some time after its headers. */
  const serve = (current: Follower) => {
    if (current !== follower) return
    const tokens = checker.tokens()
    const token = tokens.length > 0 ? random.pick(tokens) : undefined
    if (token !== undefined && decide(token)) {
      processes.later(process, random.between(0, durations.slowBodyMs), () => {
        if (!rules.isDecidedAgain || decide(token)) checker.handled(self, token)
      })
    }
    processes.later(process, serveEveryMs, () => serve(current))
  }

  const begin = () => {
    const current = createFollower()
    follower = current
    id = rules.isIdFresh ? `${name}.${random.whole(0, 1e9)}` : 'guard'
    poll(current)
    processes.later(process, removeExpiredEveryMs, () => removeExpired(current))
    processes.later(process, serveEveryMs, () => serve(current))
  }

  const restart = () => {
    trace(id, () => 'starts again with a new id')
    follower = undefined
    processes.later(process, random.between(1, 20), begin)
  }

  const self: Guard = {
    process,
    clock,
    follower: () => follower,
    isStalled: () => isStalled,
    start: () => {
      processes.restart(process)
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
  return self
}
