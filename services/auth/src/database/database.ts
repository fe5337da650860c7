/** Opens the database: one pool, used through Prisma. */
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { type Prisma, PrismaClient } from '../generated/prisma/client.ts'
import { createRawSql, type RawSql } from './rawSql.ts'

export type { PrismaClient }
/** Where a query runs: the pool, or the transaction that the caller holds. */
export type Db = Prisma.TransactionClient

export interface Database {
  prisma: PrismaClient
  /** For the busiest statements. */
  rawSql: RawSql
  /** The pool underneath, for the rate limiter's own statements. */
  pool: pg.Pool
  url: string
  /** Makes Prisma's client ready, which stops the event loop for a tenth of a second; asks the database nothing. */
  warmUp: () => Promise<void>
  close: () => Promise<void>
}

export interface DatabaseOptions {
  url: string
  connections: number
  /** The longest that a statement, a transaction, or the wait for a connection may take. */
  timeoutMs: number
  onError: (error: Error) => void
}

export function openDatabase({ url, connections, timeoutMs, onError }: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: 2 * timeoutMs,
    keepAlive: true,
    application_name: 'gatehouse-auth',
  })
  pool.on('error', onError)
  const adapter = new PrismaPg(pool, { statementNameGenerator: statementNames(), onConnectionError: onError })
  const prisma = new PrismaClient({ adapter, transactionOptions: { maxWait: timeoutMs, timeout: timeoutMs } })
  const close = async () => {
    await prisma.$disconnect()
    await pool.end()
  }
  return { prisma, rawSql: createRawSql(adapter), pool, url, warmUp: () => prisma.$connect(), close }
}

/** Named statements are parsed and planned once a connection: one and a half times the rate. The texts are ours, so they are few. */
function statementNames(): (query: { sql: string }) => string {
  const names = new Map<string, string>()
  return ({ sql }) => {
    const known = names.get(sql)
    if (known !== undefined) return known
    const name = `gatehouse_${names.size}`
    names.set(sql, name)
    return name
  }
}
