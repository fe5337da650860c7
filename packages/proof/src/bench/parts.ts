/** The parts of the benchmark, by name, in the order in which they run. */
import type { Course } from './course.ts'
import { renewalRates } from './renewal/renewal.ts'
import type { Result } from './result.ts'

export interface Part {
  about: string
  /** Left out of the short form. */
  isLong?: boolean
  run: (course: Course) => Promise<Result[]>
}

export const parts: Readonly<Record<string, Part>> = {
  renewal: { about: 'renewals a second, and how long each takes', run: renewalRates },
}
