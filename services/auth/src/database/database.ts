/**
 * Opens the database: one pool, used through two access objects (docs/decisions/0004-prisma-client-and-raw-sql.md).
 *
 * `prisma` is the typed client, for reads and changes that rest on no lock, and for transactions. `rawSql` sends the
 * statements of renewals, log-ins and the feed.
 */
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { type Prisma, PrismaClient } from '../generated/prisma/client.ts'
import { type ConnectionOptions, type Connections, createConnections } from './connections.ts'
import { createRawSql, type RawSql, type SendStatement, type Value } from './rawSql.ts'
import { closeSilentConnections } from './silentConnections.ts'

export type { PrismaClient }
/** Where a query runs: the typed client, or the transaction that the caller holds. */
export type Db = Prisma.TransactionClient

export interface Database {
  prisma: PrismaClient
  /** For the hottest statements. */
  rawSql: RawSql
  /** The pool below both, which the service does not use directly. */
  pool: pg.Pool
  url: string
  /** For connections that keep a session: LISTEN and migrations. */
  direct: Connections
  /** Starts Prisma's query compiler, which blocks the event loop for a tenth of a second. Sends no statement. */
  warmUp: () => Promise<void>
  /** Ends every connection; a connection that does not answer is cut after a second. */
  close: () => Promise<void>
}

export interface DatabaseOptions extends ConnectionOptions {
  /** Past a connection pooler; null when `url` is not a pooler. */
  directUrl?: string | null
  connections: number
  /** The limit of a statement, of a transaction, and of the wait for a connection, in milliseconds. */
  timeoutMs: number
  onError: (error: Error) => void
  /** Runs on each new connection before its first use. */
  onConnect?: (send: SendStatement) => Promise<void>
}

/**
 * Every session runs in UTC, whatever the database's own time zone is: Prisma's adapter drops the offset of a timestamp.
 * @throws SettingsError for a URL with a parameter that cannot be honoured
 */
export function openDatabase(options: DatabaseOptions): Database {
  const { url, directUrl, passwordCommand = null, connections, timeoutMs, onError, onConnect } = options
  const pooled = createConnections({ url, passwordCommand })
  const direct = directUrl ? createConnections({ url: directUrl, passwordCommand }) : pooled
  const { client, schema, isPooled, namesStatements, Client } = pooled
  const { maxConnections = connections, connectTimeoutMs = timeoutMs } = pooled
  const pool = new pg.Pool({
    ...client,
    Client,
    max: Math.min(connections, maxConnections),
    connectionTimeoutMillis: Math.min(timeoutMs, connectTimeoutMs),
    // Longer than the limit of the server, which cancels a statement and keeps the connection.
    query_timeout: timeoutMs + answerMarginMs,
    ...(isPooled ? {} : { statement_timeout: timeoutMs, idle_in_transaction_session_timeout: 2 * timeoutMs }),
    keepAlive: true,
    application_name: 'gatehouse-auth',
    ...(onConnect && { onConnect: (connected: pg.ClientBase) => onConnect(sendOn(connected)) }),
  })
  pool.on('error', onError)
  const silent = closeSilentConnections(pool, timeoutMs + answerMarginMs)
  const adapter = new PrismaPg(pool, {
    schema,
    // A pooler in transaction mode gives each transaction another connection, which may lack the named statements.
    statementNameGenerator: namesStatements ? statementNames() : () => '',
    onConnectionError: onError,
  })
  const prisma = new PrismaClient({ adapter, transactionOptions: { maxWait: timeoutMs, timeout: timeoutMs } })
  const close = async () => {
    // At the same time: Prisma waits for its transactions, and ending the pool cuts those that are never answered.
    await Promise.all([prisma.$disconnect(), silent.endPool()])
  }
  return { prisma, rawSql: createRawSql(adapter), pool, url, direct, warmUp: () => prisma.$connect(), close }
}

function sendOn(client: pg.ClientBase): SendStatement {
  return async <Row>(text: string, values: readonly Value[]) => (await client.query(text, [...values])).rows as Row[]
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

/** What a statement that PostgreSQL cancels at its limit needs to be answered. */
const answerMarginMs = 1000

const listOfParameters = / IN \((?:CAST\()?\$/
