/** The record that outlives a reload: the idempotency key, and with the body transport the tokens. */
import type { Store } from './types.ts'

/** An answer of the auth service to log-in or renewal, and when its request was sent, by both clocks. */
export interface Tokens {
  accessToken: string
  /** Seconds. */
  expiresIn: number
  sessionId: string
  /** Body transport only. */
  refreshToken?: string | undefined
  nowMs: number
  wallMs: number
  /** A refusal has one. */
  problem?: undefined
}

export interface SessionRecord extends Partial<Tokens> {
  /** A secret of this session on this device, from which every tab makes the same `Idempotency-Key`. */
  key?: string | undefined
  /** The user signed out, and the auth service has not confirmed it yet. */
  isSignedOut?: boolean
}

export interface Records {
  read(): Promise<SessionRecord>
  /** @param isRenewal the record follows from the stored one */
  write(record: SessionRecord, isRenewal?: 'renewal'): Promise<void>
}

/**
 * Reads and writes one after the other. Storage may throw (private mode, quota): the record then lives in memory. A renewed
 * refresh token that could not be stored is dropped, because the stored one still leads to it, also after a crash.
 */
export function createRecords(store: Store): Records {
  let memory: string | undefined
  let queue: Promise<unknown> = Promise.resolve()

  function queued<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = queue.then(task, task)
    queue = result
    return result
  }

  return {
    read: () => queued(async () => JSON.parse(memory || (await store.read()) || '{}')).catch(() => ({})),
    write: (record, isRenewal) =>
      queued(async () => {
        const text = JSON.stringify(record)
        try {
          await store.write(text)
          memory = ''
        } catch {
          if (memory || !isRenewal) memory = text
        }
      }),
  }
}
