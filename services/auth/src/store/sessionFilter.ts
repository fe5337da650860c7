/** The criteria of a bulk end as conditions, and what PostgreSQL expects them to match. */
import type { Db } from '../database/database.ts'
import { Prisma } from '../generated/prisma/client.ts'

/** Criteria that all apply; null matches every session. */
export interface SessionFilter {
  accounts: string[] | null
  client: string | null
  devicePart: string | null
  network: string | null
  createdBefore: Date
}

/**
 * Only the criteria that are given: with `$1 IS NULL OR ...`, a plan that is kept for all parameters would scan the table. There
 * are at most 24 texts, one for each combination of criteria.
 */
export function conditionsOf({ accounts, client, devicePart, network, createdBefore }: SessionFilter): Prisma.Sql {
  const conditions = [
    Prisma.sql`session.ended_at IS NULL AND session.created_at < ${createdBefore}::timestamptz`,
    ...(accounts === null ? [] : [Prisma.sql`session.account_id = ANY (${accounts}::uuid[])`]),
    ...(client === null ? [] : [clientCondition(client)]),
    ...(devicePart === null ? [] : [Prisma.sql`position(lower(${devicePart}) IN lower(session.device)) > 0`]),
    ...(network === null ? [] : [Prisma.sql`session.address <<= ${network}::inet`]),
  ]
  return Prisma.join(conditions, ' AND ')
}

/** Repeats the predicate of the partial index on `client_id` as constants: a plan for all parameters can use it. */
export function clientCondition(client: string): Prisma.Sql {
  if (client === 'first-party') return Prisma.sql`session.client_id = 'first-party'`
  return Prisma.sql`session.client_id = ${client} AND session.client_id <> 'first-party' AND session.ended_at IS NULL`
}

/** Sessions of an earlier global epoch have ended, although their rows do not say so. */
export function activeOf(filter: SessionFilter, globalEpoch: number): Prisma.Sql {
  return Prisma.sql`${conditionsOf(filter)} AND session.expires_at > statement_timestamp()
    AND session.global_epoch >= ${globalEpoch}::int`
}

export interface Estimate {
  rows: number
  /** In PostgreSQL's units: 1 is the read of a page in sequence. */
  cost: number
}

interface Plan {
  'QUERY PLAN': { Plan: { 'Plan Rows': number; 'Total Cost': number } }[]
}

/** What the planner expects, from the statistics of the last ANALYZE; reads no row of `sessions`. */
export async function estimate(db: Db, query: Prisma.Sql): Promise<Estimate> {
  const [row] = await db.$queryRaw<Plan[]>(Prisma.sql`EXPLAIN (FORMAT JSON) ${query}`)
  const plan = row?.['QUERY PLAN'][0]?.Plan
  return { rows: plan?.['Plan Rows'] ?? 0, cost: plan?.['Total Cost'] ?? 0 }
}
