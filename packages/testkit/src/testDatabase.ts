/** A fresh, migrated database for each test file. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

export interface TestDatabase {
  url: string
  /** Ends the connections that are left and removes the database. */
  drop(): Promise<void>
}

/** What the launcher tells the tests. */
export const serverVariable = 'GATEHOUSE_TEST_POSTGRES'
export const templateVariable = 'GATEHOUSE_TEST_TEMPLATE'

/**
 * Copies the template, which takes some 20 ms.
 * @param onTeardown drops the database after the test, for example `fn => t.teardown(fn)`
 */
export async function freshDatabase(onTeardown?: (fn: () => Promise<void>) => void): Promise<TestDatabase> {
  const server = process.env[serverVariable]
  const template = process.env[templateVariable]
  if (!server || !template) {
    throw new Error('This test needs a database: run it by `npx pnpm test <file>`, which starts PostgreSQL first.')
  }
  const name = `${template}_${randomBytes(6).toString('hex')}`
  await copyTemplate(server, template, name)
  const drop = async () => {
    await onServer(server, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
  }
  onTeardown?.(drop)
  return { url: databaseUrl(server, name), drop }
}

/** The same server, another database. */
export function databaseUrl(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = name
  return url.href
}

/** Runs one statement on a connection of its own. */
export async function onServer(server: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: server })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

async function copyTemplate(server: string, template: string, name: string): Promise<void> {
  for (let attemptsLeft = 50; ; attemptsLeft--) {
    try {
      // Copying the files beats replaying them through the log for a database this small.
      await onServer(server, `CREATE DATABASE "${name}" TEMPLATE "${template}" STRATEGY file_copy`)
      return
    } catch (error) {
      const isBeingAccessed = error instanceof pg.DatabaseError && error.code === '55006'
      if (!isBeingAccessed || attemptsLeft === 1) throw error
      await delay(100)
    }
  }
}
