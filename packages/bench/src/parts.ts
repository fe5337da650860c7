/** The parts of the benchmark, by name, in the order in which they run. */
import type { BenchRun } from './benchRun.ts'
import { guardCold, guardDecision } from './guard/cold.ts'
import { guardMemory } from './guard/memory.ts'
import { guardStall } from './guard/stall.ts'
import { guardWarm, peers } from './guard/warm.ts'
import { logins } from './login/login.ts'
import { renewalSplit } from './renewal/cpuSplit.ts'
import { renewalPeers } from './renewal/peers/peers.ts'
import { renewalRates } from './renewal/renewal.ts'
import type { Result } from './result.ts'
import { idleGuards, thousandGuards } from './revoke/idle.ts'
import { revokeGrowth, revokeInForce } from './revoke/revoke.ts'
import { services } from './scale/services.ts'
import { manySessions } from './scale/sessions.ts'

export interface Part {
  about: string
  /** Left out of the short form. */
  isLong?: boolean
  run: (course: BenchRun) => Promise<Result[]>
}

export const parts: Readonly<Record<string, Part>> = {
  guard: { about: 'what the guard costs a request', run: guardWarm },
  cold: { about: 'tokens that are seen for the first time', run: guardCold },
  decision: { about: 'one decision from memory', run: guardDecision },
  peers: { about: 'what others cost a request', isLong: true, run: peers },
  memory: { about: 'what a guard takes of memory', isLong: true, run: guardMemory },
  stall: { about: 'how long learning revocations stops a process', run: guardStall },
  renewal: { about: 'renewals a second, and how long each takes', run: renewalRates },
  'renewal-peers': { about: 'what others make of a renewal', isLong: true, run: renewalPeers },
  split: { about: 'whose CPU time a renewal is', isLong: true, run: renewalSplit },
  login: { about: 'log-ins a second, and renewals beside them', run: logins },
  revoke: { about: 'from revoked to in force', run: revokeInForce },
  growth: { about: 'the same with more guards and more replicas', isLong: true, run: revokeGrowth },
  idle: { about: 'what guards cost while nothing happens', isLong: true, run: idleGuards },
  crowd: { about: 'a thousand guards on one replica', isLong: true, run: thousandGuards },
  services: { about: 'start, memory and idle CPU of the services', run: services },
  sessions: { about: 'renewals with a million sessions', isLong: true, run: manySessions },
}
