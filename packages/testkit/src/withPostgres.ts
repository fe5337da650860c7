/** Runs a command with one PostgreSQL and one migrated template database. */
import { spawn } from 'node:child_process'
import { mkdtemp, statfs } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { startPostgres } from './postgres.ts'
import { databaseUrl, onServer, serverVariable, templateVariable } from './testDatabase.ts'

const usage = 'Usage: withPostgres.js [--migrate <module that exports migrate>] -- <command> [arguments]'

const { values, positionals } = parseArgs({ options: { migrate: { type: 'string' } }, allowPositionals: true })
const [command, ...commandArguments] = positionals
if (!command) {
  console.error(usage)
  process.exit(2)
}
process.exit(await withPostgres(server => withTemplate(server, template => runChild(server, template))))

async function withPostgres(action: (server: string) => Promise<number>): Promise<number> {
  const fields = process.env['TEST_DATABASE_URL'] || process.env['DATABASE_URL']
  if (fields) return action(fields)

  const dataDir = await mkdtemp(join(await temporaryFolder(), 'gatehouse-test-'))
  const postgres = await startPostgres({ dataDir, persistent: false })
  try {
    return await action(postgres.url)
  } finally {
    await postgres.stop()
  }
}

/** Prefers 4 GB of memory: tests create hundreds of databases of some 300 files. */
async function temporaryFolder(): Promise<string> {
  const inMemory = '/dev/shm'
  const { bavail, bsize } = await statfs(inMemory).catch(() => ({ bavail: 0, bsize: 0 }))
  return bavail * bsize > 4e9 ? inMemory : tmpdir()
}

async function withTemplate(server: string, action: (template: string) => Promise<number>): Promise<number> {
  // Unique for each run, because two runs may share a server.
  const template = `gatehouse_template_${process.pid}_${Date.now().toString(36)}`
  await onServer(server, `CREATE DATABASE "${template}"`)
  try {
    if (values.migrate) await migrate(values.migrate, databaseUrl(server, template))
    return await action(template)
  } finally {
    await dropAll(server, template)
  }
}

async function migrate(path: string, connectionString: string): Promise<void> {
  const module: unknown = await import(pathToFileURL(path).href)
  if (!hasMigrate(module)) throw new Error(`${path} exports no function named migrate.`)
  await module.migrate({ connectionString })
}

interface MigrationModule {
  migrate(options: { connectionString: string }): Promise<unknown>
}

function hasMigrate(module: unknown): module is MigrationModule {
  return typeof module === 'object' && module !== null && 'migrate' in module && typeof module.migrate === 'function'
}

function runChild(server: string, template: string): Promise<number> {
  const env = { ...process.env, [serverVariable]: server, [templateVariable]: template }
  const child = spawn(command ?? '', commandArguments, { env, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // A terminal sends Ctrl-C to the child as well, and a second signal would interrupt its
    // shutdown.
    const isDelivered = signal === 'SIGINT' && process.stdin.isTTY
    process.on(signal, () => isDelivered || child.kill(signal))
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}

/** Drops the template and every copy that a killed test has left. */
async function dropAll(server: string, template: string): Promise<void> {
  const { rows } = await onServer(server, `SELECT datname FROM pg_database WHERE starts_with(datname, '${template}')`)
  for (const { datname } of rows) await onServer(server, `DROP DATABASE IF EXISTS "${datname}" WITH (FORCE)`)
}
