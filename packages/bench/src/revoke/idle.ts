/** What guards cost while nothing happens: requests, statements and processor time. */
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '@gatehouse/clock'
import type { BenchRun } from '../benchRun.ts'
import type { Place } from '../environment.ts'
import { figure, type Result } from '../result.ts'
import { cpuMs } from '../usage.ts'
import { startCrowd } from './guards.ts'

/** Twice as long as a poll is held. */
const windowMs = 10_000
const some = 16
const many = 1000

export async function idleGuards(course: BenchRun): Promise<Result[]> {
  const { polls, statements } = await costOf(course, some)
  return [
    figure({ name: 'guard-idle-requests', what: 'requests of a guard while nothing happens', unit: '1/s' }, [
      polls / some,
    ]),
    figure({ name: 'guard-idle-statements', what: 'statements for a guard while nothing happens', unit: '1/s' }, [
      statements / some,
    ]),
  ]
}

export async function thousandGuards(course: BenchRun): Promise<Result[]> {
  const { polls, statements, share } = await costOf(course, many)
  return [
    figure({ name: 'guards-1000-requests', what: 'polls a second of 1,000 idle guards on one replica', unit: '1/s' }, [
      polls,
    ]),
    figure({ name: 'guards-1000-statements', what: 'statements a second for them', unit: '1/s' }, [statements]),
    figure({ name: 'guards-1000-cpu', what: "the replica's part of one core for them", unit: '%' }, [share * 100]),
  ]
}

/** By the second, of all of them together. */
async function costOf(course: BenchRun, count: number): Promise<{ polls: number; statements: number; share: number }> {
  const place = await course.environment()
  const auth = await place.auth()
  course.log(`${count} idle guards`)
  const crowd = await startCrowd(place, [auth], count)
  // The first polls come together; a hold later they are as they will be.
  await pause(windowMs / 2)
  const startMs = systemClock.nowMs()
  const before = { polls: await crowd.polls(), cpuMs: cpuMs(auth.pid) }
  const statements = await countStatements(place, () => pause(windowMs))
  const seconds = (systemClock.nowMs() - startMs) / 1000
  const polls = (await crowd.polls()) - before.polls
  const share = (cpuMs(auth.pid) - before.cpuMs) / 1000 / seconds
  await crowd.leave()
  return { polls: polls / seconds, statements: statements / (windowMs / 1000), share }
}

/** The statements of all others meanwhile, counted by the server. */
async function countStatements(place: Place, meanwhile: () => Promise<void>): Promise<number> {
  await place.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
  await place.query('SELECT pg_stat_statements_reset()')
  await meanwhile()
  const [row] = await place.query<{ calls: string }>(
    `SELECT coalesce(sum(calls), 0) AS calls FROM pg_stat_statements
      WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '%pg_stat_statements%'`,
  )
  return Number(row?.calls)
}
