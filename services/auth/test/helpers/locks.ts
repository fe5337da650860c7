/** Makes races deterministic: pauses statements, holds row locks and waits until statements are blocked. */
import { until } from '@gatehouse/testkit'
import pg from 'pg'
import type { Test } from 'tap'
import type { TestService } from './service.ts'

type DatabaseOnly = Pick<TestService, 'database'>

export interface HeldLock {
  /** Commits, so that the waiting statements continue. */
  release: () => Promise<void>
}

/** Takes locks in a separate transaction and keeps them until released. */
export async function holdLock(
  t: Test,
  { database }: DatabaseOnly,
  sql: string,
  values: unknown[] = [],
): Promise<HeldLock> {
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

/** No revocation commits while this lock is held: each takes it last. */
export function holdRevocationClock(t: Test, service: DatabaseOnly): Promise<HeldLock> {
  return holdLock(t, service, 'SELECT * FROM revocation_clock WHERE id = 1 FOR UPDATE')
}

/** Every statement that writes a row of the table blocks there, keeping its locks, until released. */
export async function pauseWrites(
  t: Test,
  service: DatabaseOnly,
  event: `${'INSERT' | 'UPDATE'} ON ${string}`,
): Promise<HeldLock> {
  await service.database.pool.query(`
    CREATE OR REPLACE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$;
    CREATE OR REPLACE TRIGGER pause BEFORE ${event} FOR EACH ROW EXECUTE FUNCTION pause()`)
  return holdLock(t, service, 'SELECT pg_advisory_xact_lock(4711)')
}

/** Resolves when at least `count` statements wait for a lock. */
export function untilBlocked({ database }: DatabaseOnly, count: number): Promise<void> {
  return until(async () => {
    const { rows } = await database.pool.query(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return rows[0].waiting >= count
  }, `${count} statements wait for a lock`)
}

/**
 * Sends two requests that wait for the lock, the second behind the first, and then releases it.
 * @returns their responses
 */
export async function inOrder<First, Second>(
  service: DatabaseOnly,
  { release }: HeldLock,
  [sendFirst, sendSecond]: readonly [() => Promise<First>, () => Promise<Second>],
): Promise<[First, Second]> {
  const first = sendFirst()
  await untilBlocked(service, 1)
  const second = sendSecond()
  await untilBlocked(service, 2)
  await release()
  return Promise.all([first, second])
}
