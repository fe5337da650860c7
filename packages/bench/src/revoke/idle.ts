/** The cost of idle guards: requests, statements and processor time. */
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '@gatehouse/clock'
import type { BenchRun } from '../benchRun.ts'
import type { Environment } from '../environment.ts'
import { figure, type Result } from '../result.ts'
import { cpuMs } from '../usage.ts'
import { startSimulatedGuards } from './startSimulatedGuards.ts'

/** Twice the default of POLL_HOLD_MS. */
const windowMs = 10_000
const few = 16
const many = 1000

export async function idleGuards(benchRun: BenchRun): Promise<Result[]> {
  const { polls, statements } = await costOf(benchRun, few)
  return [
    figure({ name: 'guard-idle-requests', what: 'requests of an idle guard', unit: '1/s' }, [polls / few]),
    figure({ name: 'guard-idle-statements', what: 'statements for an idle guard', unit: '1/s' }, [statements / few]),
  ]
}

export async function thousandGuards(benchRun: BenchRun): Promise<Result[]> {
  const { polls, statements, cpuShare } = await costOf(benchRun, many)
  return [
    figure({ name: 'guards-1000-requests', what: 'polls a second of 1,000 idle guards on one replica', unit: '1/s' }, [
      polls,
    ]),
    figure({ name: 'guards-1000-statements', what: 'statements a second for them', unit: '1/s' }, [statements]),
    figure({ name: 'guards-1000-cpu', what: "the replica's part of one core for them", unit: '%' }, [cpuShare * 100]),
  ]
}

interface IdleCost {
  /** A second, of all guards together. */
  polls: number
  /** A second, for all guards together. */
  statements: number
  cpuShare: number
}

async function costOf(benchRun: BenchRun, count: number): Promise<IdleCost> {
  const environment = await benchRun.environment()
  const auth = await environment.auth()
  benchRun.log(`${count} idle guards`)
  const guards = await startSimulatedGuards(environment, [auth], count)
  // The first polls arrive together. After one hold they are spread out.
  await pause(windowMs / 2)
  const startMs = systemClock.nowMs()
  const before = { polls: await guards.polls(), cpuMs: cpuMs(auth.pid) }
  const statements = await countStatements(environment, () => pause(windowMs))
  const seconds = (systemClock.nowMs() - startMs) / 1000
  const polls = (await guards.polls()) - before.polls
  const cpuShare = (cpuMs(auth.pid) - before.cpuMs) / 1000 / seconds
  await guards.stop()
  return { polls: polls / seconds, statements: statements / (windowMs / 1000), cpuShare }
}

/** Counts the statements of all other connections during `run`, with pg_stat_statements. */
async function countStatements(environment: Environment, run: () => Promise<void>): Promise<number> {
  await environment.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
  await environment.query('SELECT pg_stat_statements_reset()')
  await run()
  const [row] = await environment.query<{ calls: string }>(
    `SELECT coalesce(sum(calls), 0) AS calls FROM pg_stat_statements
      WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '%pg_stat_statements%'`,
  )
  return Number(row?.calls)
}
