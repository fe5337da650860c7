/** What the processes of one run share. */
import type { Checker } from './checker.ts'
import type { Database } from './database.ts'
import type { Durations } from './durations.ts'
import type { Network } from './network.ts'
import type { Processes } from './processes.ts'
import type { Random } from './random.ts'
import type { Rules } from './rules.ts'
import type { Timeline } from './timeline.ts'

export interface World {
  timeline: Timeline
  random: Random
  rules: Rules
  durations: Durations
  processes: Processes
  network: Network
  database: Database
  checker: Checker
  trace: (who: string, what: () => string) => void
}
