/** Makes races happen every time: statements that stop halfway, rows that are held, and waiting until somebody waits. */
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Test } from 'tap'
import type { Stage } from './service.ts'

type Place = Pick<Stage, 'database'>

export interface Held {
  /** Lets go; whoever waited goes on. */
  release: () => Promise<void>
}

/** Takes locks in a transaction of its own and keeps them. */
export async function hold(t: Test, { database }: Place, sql: string, values: unknown[] = []): Promise<Held> {
  const client = new pg.Client({ connectionString: database.url })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('BEGIN')
  await client.query(sql, values)
  let isHeld = true
  const release = async () => {
    if (!isHeld) return
    isHeld = false
    await client.query('COMMIT')
    await client.end()
  }
  t.teardown(release)
  return { release }
}

/** No revocation commits meanwhile: each takes this lock last. */
export function holdClock(t: Test, place: Place): Promise<Held> {
  return hold(t, place, 'SELECT * FROM revocation_clock WHERE id = 1 FOR UPDATE')
}

/** Whoever writes a row of the table stops there, with the locks taken so far, until released. */
export async function pauseBefore(t: Test, place: Place, event: `${'INSERT' | 'UPDATE'} ON ${string}`): Promise<Held> {
  await place.database.pool.query(`
    CREATE OR REPLACE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$;
    CREATE OR REPLACE TRIGGER pause BEFORE ${event} FOR EACH ROW EXECUTE FUNCTION pause()`)
  return hold(t, place, 'SELECT pg_advisory_xact_lock(4711)')
}

/** Resolves when so many statements wait for a lock. */
export function untilWaiting({ database }: Place, count: number): Promise<void> {
  return until(async () => {
    const { rows } = await database.pool.query(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return rows[0].waiting >= count
  }, `${count} statements wait for a lock`)
}

/** Asks again and again; the limit only keeps a broken test from hanging. */
export async function until(isSo: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const limitMs = 10_000
  const startMs = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startMs > limitMs) throw new Error(`it never came about that ${what}`)
    await delay(5)
  }
}
