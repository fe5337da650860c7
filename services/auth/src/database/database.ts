/**
 * Opens the database: one pool, used through two access objects (docs/decisions/0004-prisma-client-and-raw-sql.md).
 *
 * `prisma` is the typed client, for reads and changes that rest on no lock, and for transactions. `rawSql` sends the
 * statements of renewals, log-ins and the feed.
 */
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { type Prisma, PrismaClient } from '../generated/prisma/client.ts'
import { createRawSql, type RawSql } from './rawSql.ts'

export type { PrismaClient }
/** Where a query runs: the typed client, or the transaction that the caller holds. */
export type Db = Prisma.TransactionClient

export interface Database {
  prisma: PrismaClient
  /** For the hottest statements. */
  rawSql: RawSql
  /** The pool below both. Only `rate-limiter-flexible` uses it directly: the library sends statements of its own. */
  pool: pg.Pool
  url: string
  /** Starts Prisma's query compiler, which blocks the event loop for a tenth of a second. Sends no statement. */
  warmUp: () => Promise<void>
  close: () => Promise<void>
}

export interface DatabaseOptions {
  url: string
  connections: number
  /** The limit of a statement, of a transaction, and of the wait for a connection. */
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

/**
 * PostgreSQL parses and plans a named statement once for each connection: one and a half times the rate. The typed client
 * writes a list into the text, so a statement with a list has as many texts as the list has lengths: it gets no name.
 */
function statementNames(): (query: { sql: string }) => string {
  const names = new Map<string, string>()
  return ({ sql }) => {
    if (listOfParameters.test(sql)) return ''
    const known = names.get(sql)
    if (known !== undefined) return known
    const name = `gatehouse_${names.size}`
    names.set(sql, name)
    return name
  }
}

const listOfParameters = / IN \((?:CAST\()?\$/
