/** The parts of the benchmark, in the order in which they run. */
import type { BenchRun } from './benchRun.ts'
import { consolePages } from './console/pages.ts'
import { guardCold, guardDecision } from './guard/cold.ts'
import { guardMemory } from './guard/memory.ts'
import { guardAdapters, guardPeers, guardWarm } from './guard/warm.ts'
import { logins } from './login/login.ts'
import { renewalPeers } from './renewal/peers/peers.ts'
import { renewalRates } from './renewal/renewal.ts'
import type { Result } from './result.ts'
import { idleGuards, thousandGuards } from './revoke/idle.ts'
import { revokeGrowth, revokeInForce } from './revoke/revoke.ts'
import { bulkRevocations } from './scale/bulkRevocations.ts'
import { services } from './scale/services.ts'
import { manySessions } from './scale/sessions.ts'

export interface Part {
  about: string
  /** Left out by `--quick`. */
  isLong?: boolean
  /** Measured only when it is named. */
  isOnDemand?: boolean
  run: (benchRun: BenchRun) => Promise<Result[]>
}

export const parts: Readonly<Record<string, Part>> = {
  guard: { about: 'the cost of the guard for a request', run: guardWarm },
  adapters: { about: 'the cost of the guard on each framework', isOnDemand: true, run: guardAdapters },
  cold: { about: 'the first verification of a token', run: guardCold },
  decision: { about: 'one decision about a known token', run: guardDecision },
  peers: { about: 'the cost of other libraries for a request', isLong: true, run: guardPeers },
  memory: { about: 'the memory of a guard', isLong: true, run: guardMemory },
  renewal: { about: 'renewals a second, and their latency', run: renewalRates },
  'renewal-peers': { about: 'renewals of other servers', isLong: true, run: renewalPeers },
  login: { about: 'log-ins a second, and renewals during log-ins', run: logins },
  // Before the revocations: a guard that starts reads the whole feed first.
  services: { about: 'start, memory and idle CPU of the services', run: services },
  idle: { about: 'the cost of idle guards', isLong: true, run: idleGuards },
  'many-guards': { about: 'a thousand idle guards on one replica', isLong: true, run: thousandGuards },
  revoke: { about: 'the time from a revocation to in force', run: revokeInForce },
  growth: { about: 'the same with more guards and more replicas', isLong: true, run: revokeGrowth },
  console: { about: 'the data of the pages of the console', run: consolePages },
  sessions: { about: 'renewals with a million sessions', isLong: true, run: manySessions },
  'bulk-revoke': { about: 'break-glass and bulk ends with a million sessions', isOnDemand: true, run: bulkRevocations },
}
