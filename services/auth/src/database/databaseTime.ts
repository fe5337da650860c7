/** PostgreSQL's time between statements: so that no token is refused or accepted because this host's clock is wrong. */
import type { Clock } from '@gatehouse/clock'
import { Gauge, type Registry } from 'prom-client'

export interface DatabaseTime {
  /** A clock whose `wallMs` is PostgreSQL's time; this host's wall clock before the first read. */
  clock: Clock
  /** Reads the time if it was never read, or if this host was suspended since. Later reads run in the background. */
  ensureRead: () => Promise<void>
}

export interface DatabaseTimeOptions {
  /** Returns PostgreSQL's time, in milliseconds since 1970. */
  read: () => Promise<number>
  clock: Clock
  metrics: Registry
  /** Called when this host's clock begins or ceases to differ from PostgreSQL's by more than a second. */
  onOffset: (offsetMs: number) => void
  onError: (error: unknown) => void
}

const rereadMs = 30_000
/** A larger change between the wall clock and monotonic time means that one of them stood still or jumped. */
const maxChangeMs = 1000
const maxOffsetMs = 1000

interface Reading {
  dbMs: number
  /** Monotonic. */
  atMs: number
  /** This host's wall clock minus PostgreSQL's. */
  offsetMs: number
}

export function createDatabaseTime(options: DatabaseTimeOptions): DatabaseTime {
  const { clock, metrics, onOffset, onError } = options
  let reading: Reading | undefined
  let pending: Promise<void> | undefined

  const now = ({ dbMs, atMs }: Reading) => dbMs + clock.nowMs() - atMs
  const readOnce = async () => {
    const startMs = clock.nowMs()
    const dbMs = await options.read()
    // The database read its clock between the two: half of the round trip is the expected age.
    const atMs = clock.nowMs()
    const next = { dbMs: dbMs + (atMs - startMs) / 2, atMs, offsetMs: 0 }
    next.offsetMs = clock.wallMs() - next.dbMs
    const isOff = Math.abs(next.offsetMs) > maxOffsetMs
    if (isOff !== Math.abs(reading?.offsetMs ?? 0) > maxOffsetMs) onOffset(Math.round(next.offsetMs))
    reading = next
  }
  const read = () => {
    pending ??= readOnce().finally(() => {
      pending = undefined
    })
    return pending
  }
  new Gauge({
    name: 'gatehouse_clock_offset_seconds',
    help: "This host's wall clock minus PostgreSQL's",
    registers: [metrics],
    collect() {
      if (reading !== undefined) this.set(reading.offsetMs / 1000)
    },
  })
  return {
    clock: { ...clock, wallMs: () => (reading === undefined ? clock.wallMs() : now(reading)) },
    ensureRead: async () => {
      if (reading === undefined) return read()
      const change = clock.wallMs() - now(reading) - reading.offsetMs
      if (Math.abs(change) > maxChangeMs) return read()
      if (clock.nowMs() - reading.atMs > rereadMs) read().catch(onError)
    },
  }
}
