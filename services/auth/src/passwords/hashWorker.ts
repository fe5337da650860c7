/** Worker thread that hashes and verifies batches of passwords. */
import { hashPasswordSync, verifyPasswordSync } from './argon2.ts'

/** Without `hashed`, the password is hashed; with it, the password is verified. */
export interface HashJob {
  password: string
  hashed?: string
}

/** The result of one job; a failed job does not affect the others of its batch. */
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
