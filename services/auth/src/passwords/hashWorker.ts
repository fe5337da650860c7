/** A thread that hashes and checks passwords, a few in a row. */
import { hashPasswordSync, verifyPasswordSync } from './argon2.ts'

/** Without `hashed` the password is hashed, with it it is checked. */
export interface HashJob {
  password: string
  hashed?: string
}

/** One for each job; what failed fails alone. */
export type HashResult = { value: string | boolean } | { error: string }

export function work(jobs: readonly HashJob[]): HashResult[] {
  return jobs.map(({ password, hashed }) => {
    try {
      return { value: hashed === undefined ? hashPasswordSync(password) : verifyPasswordSync(password, hashed) }
    } catch (error) {
      return { error: String(error) }
    }
  })
}
