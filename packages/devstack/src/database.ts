/** The database of the local stack: server or DATABASE_URL, migrations, client and accounts. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SettingsError } from '@gatehouse/settings'
import { startPostgres } from '@gatehouse/testkit'
import pg from 'pg'
import type { Login, Secrets } from './secrets.ts'
import type { StackSettings } from './settings.ts'

export interface DatabaseOptions {
  settings: StackSettings
  dataDir: string
  /** Receives the function that stops an embedded server. */
  onStop: (stop: () => Promise<void>) => void
}

/** @returns the URL of the database @throws SettingsError when DATABASE_URL cannot be used */
export async function startDatabase({ settings, dataDir, onStop }: DatabaseOptions): Promise<string> {
  if (settings.DATABASE_URL === null) {
    const port = settings.POSTGRES_PORT === 0 ? {} : { port: settings.POSTGRES_PORT }
    const postgres = await startPostgres({ dataDir: join(dataDir, 'postgres'), persistent: true, ...port }).catch(
      (error: Error) => {
        throw new SettingsError(error.message)
      },
    )
    onStop(() => postgres.stop())
    return postgres.url
  }
  const client = new pg.Client({ connectionString: settings.DATABASE_URL, connectionTimeoutMillis: 5000 })
  client.on('error', () => undefined)
  await client.connect().catch((error: Error) => {
    throw new SettingsError(`DATABASE_URL names a database that cannot be used: ${error.message || 'no answer'}.`)
  })
  await client.end()
  return settings.DATABASE_URL
}

const cli = 'services/auth/dist/bundle/gatehouse.js'
const execFileAsync = promisify(execFile)

/** @throws SettingsError when the database refuses a migration */
export async function migrate(databaseUrl: string): Promise<void> {
  await run(databaseUrl, ['migrate'])
}

/**
 * Creates the client of the resource service and the accounts that are missing.
 * @returns which of the accounts are new
 */
export async function createAccounts(
  databaseUrl: string,
  secrets: Secrets,
  logins: { admin: Login; user: Login },
): Promise<{ admin: boolean; user: boolean }> {
  const create = async (name: 'admin' | 'user', rights: string[]) => {
    const { email, password: PASSWORD } = logins[name]
    const nameVariable = ({ message }: SettingsError) => {
      throw new SettingsError(message.replace(': PASSWORD ', `: ${name.toUpperCase()}_PASSWORD `))
    }
    const args = ['create-account', '--email', email, ...rights]
    const { created = false } = await run(databaseUrl, args, { PASSWORD }).catch(nameVariable)
    return created
  }
  const client = ['--id', 'resource', '--name', 'resource service', '--scope', 'guard', '--replace-secret']
  await run(databaseUrl, ['create-client', ...client], { CLIENT_SECRET: secrets.clientSecret })
  const admin = await create('admin', ['--role', 'admin', '--scope', 'storage:restricted'])
  const user = await create('user', [])
  return { admin, user }
}

async function run(databaseUrl: string, args: string[], env: Record<string, string> = {}) {
  const failed = (error: { stderr?: string; message: string }) => {
    const [line = error.message] = (error.stderr ?? '').split('\n').filter(text => text.trim() !== '')
    throw new SettingsError(`The command \`gatehouse ${args[0]}\` failed: ${line.replace(/^(gatehouse|error): /i, '')}`)
  }
  const { stdout } = await execFileAsync(process.execPath, [cli, ...args], {
    env: { ...process.env, DATABASE_URL: databaseUrl, ...env },
  }).catch(failed)
  return JSON.parse(stdout) as { created?: boolean }
}
