/** Commands of the database name what is wrong with it, instead of printing a stack. */
import { Readable } from 'node:stream'
import { databaseUrl, freshDatabase, onServer } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { backup, restore } from '../../src/cli/backup.ts'
import { databaseCommands } from '../../src/cli/databaseCommands.ts'
import { databaseFailureOf } from '../../src/cli/databaseFailure.ts'
import { runDoctor } from '../../src/cli/doctor.ts'
import type { Options } from '../../src/cli/options.ts'
import { runWithDatabase } from '../../src/cli/withDatabase.ts'
import { type Database, openDatabase } from '../../src/database/database.ts'

type Run = (database: Database) => Promise<unknown>

const confirm = 'end every session'
const options: Options = { email: 'ada@example.org', id: 'robot', scope: ['guard'], confirm }
const named = (name: Exclude<keyof typeof databaseCommands, 'restore'>): Run => {
  return database => databaseCommands[name](database, options, {})
}
const names = ['create-admin', 'create-account', 'create-client', 'activate-key', 'after-restore'] as const
const commands: Record<string, Run> = {
  ...Object.fromEntries(names.map(name => [name, named(name)])),
  backup: ({ direct }) => backup(direct, process.stdout),
  restore: ({ direct }) => restore(direct, Readable.from([])),
}

function open(t: Test, url: string): Database {
  const database = openDatabase({ url, connections: 1, timeoutMs: 5000, onError: () => undefined })
  t.teardown(database.close)
  return database
}

async function failureOf(run: Run, database: Database) {
  return run(database).then(
    () => undefined,
    error => databaseFailureOf(error),
  )
}

t.test('database commands: without tables, each says to migrate first', async t => {
  const { url } = await freshDatabase(t.teardown)
  await onServer(url, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  const database = open(t, url)
  const failure = { message: 'the database has no tables of Gatehouse: run gatehouse migrate first', code: 2 }
  for (const [name, run] of Object.entries(commands)) t.strictSame(await failureOf(run, database), failure, name)
})

t.test('database commands: an unknown database and an unknown role are a wrong configuration', async t => {
  const { url } = await freshDatabase(t.teardown)
  const unknownRole = new URL(url)
  unknownRole.username = 'unknown_role'
  const cases: [url: string, message: RegExp][] = [
    [databaseUrl(url, 'no_such_database'), /^the database refuses the connection: .*no_such_database. does not exist/],
    [unknownRole.href, /^the database refuses the connection: .*.unknown_role./],
  ]
  for (const [wrong, message] of cases) {
    const database = open(t, wrong)
    for (const [name, run] of Object.entries({ ...commands, migrate: named('migrate') }))
      t.match(await failureOf(run, database), { message, code: 2 }, name)
  }
})

t.test('doctor: prints the words of PostgreSQL alone', async t => {
  const { url } = await freshDatabase(t.teardown)
  const database = open(t, databaseUrl(url, 'no_such_database'))
  const findings = await runDoctor({ environment: {}, database, wallMs: () => Date.now() })
  const finding = findings.find(({ check }) => check === 'database')
  const message = /^cannot be reached: [Dd]atabase .?no_such_database.? does not exist.*Check DATABASE_URL/
  t.match(finding, { isOk: false, message })
})

t.test('database command: the sentence is printed, and the code returned', async t => {
  const { url } = await freshDatabase(t.teardown)
  const printed = t.capture(console, 'error')
  const environment = { DATABASE_URL: databaseUrl(url, 'no_such_database') }
  t.equal(await runWithDatabase({ name: 'migrate', operands: [], options: {} }, environment), 2)
  t.match(printed()[0]?.args, [/^gatehouse: the database refuses the connection: /])
})
