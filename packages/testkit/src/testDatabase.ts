/** A new, migrated database for each test. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

export interface TestDatabase {
  url: string
  /** Closes all connections and drops the database. */
  drop(): Promise<void>
}

/** Variables that the launcher sets for the tests. */
export const serverVariable = 'GATEHOUSE_TEST_POSTGRES'
export const templateVariable = 'GATEHOUSE_TEST_TEMPLATE'

/**
 * Copies the template, in about 20 ms.
 * @param onTeardown registers the drop of the database, for example `drop => t.teardown(drop)`
 */
export async function freshDatabase(onTeardown?: (fn: () => Promise<void>) => void): Promise<TestDatabase> {
  const server = process.env[serverVariable]
  const template = process.env[templateVariable]
  if (!server || !template) {
    throw new Error(
      'This test needs a database: run it by `npx -y pnpm@12 test <file>`, which starts PostgreSQL first.',
    )
  }
  const name = `${template}_${randomBytes(6).toString('hex')}`
  await copyTemplate(server, template, name)
  const drop = async () => {
    await onServer(server, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
  }
  onTeardown?.(drop)
  return { url: databaseUrl(server, name), drop }
}

/** URL of another database on the same server. */
export function databaseUrl(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = name
  return url.href
}

/** Runs one statement on a new connection. */
export async function onServer(server: string, sql: string, values?: unknown[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: server })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.query(sql, values)
  } finally {
    await client.end()
  }
}

async function copyTemplate(server: string, template: string, name: string): Promise<void> {
  for (let attemptsLeft = 50; ; attemptsLeft--) {
    try {
      // Copying files is faster than the write-ahead log for so small a database.
      await onServer(server, `CREATE DATABASE "${name}" TEMPLATE "${template}" STRATEGY file_copy`)
      return
    } catch (error) {
      const isBeingAccessed = error instanceof pg.DatabaseError && error.code === '55006'
      if (!isBeingAccessed || attemptsLeft === 1) throw error
      await delay(100)
    }
  }
}
