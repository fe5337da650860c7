/** The parts of the benchmark, by name, in the order in which they run. */
import type { Course } from './course.ts'
import { guardCold, guardDecision } from './guard/cold.ts'
import { guardWarm, peers } from './guard/warm.ts'
import { renewalRates } from './renewal/renewal.ts'
import type { Result } from './result.ts'

export interface Part {
  about: string
  /** Left out of the short form. */
  isLong?: boolean
  run: (course: Course) => Promise<Result[]>
}

export const parts: Readonly<Record<string, Part>> = {
  guard: { about: 'what the guard costs a request', run: guardWarm },
  cold: { about: 'tokens that are seen for the first time', run: guardCold },
  decision: { about: 'one decision from memory', run: guardDecision },
  peers: { about: 'what others cost a request', run: peers },
  renewal: { about: 'renewals a second, and how long each takes', run: renewalRates },
}
