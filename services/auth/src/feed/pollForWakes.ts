/** Reads the head of the feed periodically, in place of LISTEN, for engines and poolers without notifications. */
import type { Clock } from '@gatehouse/clock'
import type { Listener } from '../database/listen.ts'
import type { QueryRaw } from '../database/rawSql.ts'
import { readHead } from '../store/readClock.ts'

export interface PollForWakesOptions {
  db: QueryRaw
  clock: Clock
  periodMs: number
  /** The feed has a new entry or a new identity. */
  onWake: () => void
  onError: (error: unknown) => void
}

/** One statement by primary key for the whole replica, however many polls it holds. */
export function pollForWakes({ db, clock, periodMs, onWake, onError }: PollForWakesOptions): Listener {
  const stop = new AbortController()
  let known = ''
  let outageSinceMs: number | null = clock.nowMs()

  const readOnce = async () => {
    const { feedId, seq } = await readHead(db)
    outageSinceMs = null
    const position = `${feedId}/${seq}`
    if (position !== known) onWake()
    known = position
  }
  const run = async () => {
    while (!stop.signal.aborted) {
      await readOnce().catch(error => {
        // Reported once for each time that the database is away.
        if (outageSinceMs === null) onError(error)
        outageSinceMs ??= clock.nowMs()
      })
      await clock.sleep(periodMs, stop.signal).catch(() => undefined)
    }
  }
  const done = run()
  const close = async () => {
    stop.abort('closing')
    await done
  }
  return { outageMs: () => (outageSinceMs === null ? 0 : clock.nowMs() - outageSinceMs), close }
}
