/** The command line for the day the API cannot be reached: it needs the database and nothing else. */
import { parseArgs } from 'node:util'
import { readSettings, SettingsError } from '@gatehouse/settings'
import { settings } from '../config.ts'
import { openDatabase } from '../store/database.ts'
import { commands, UsageError } from './commands.ts'

const usage = `gatehouse: the auth service's command line. DATABASE_URL (or DATABASE_URL_FILE) says which database.

  migrate                                        apply the migrations that are missing
  create-account --email E [--role R]... [--scope S]...
                                                 the password comes from PASSWORD, or a random one is printed
  create-client --id ID [--name N] --scope S...  the secret comes from CLIENT_SECRET, or a random one is printed

Scopes of clients: guard (a resource service that follows revocations).`

async function main(): Promise<number> {
  const [name = '', ...rest] = process.argv.slice(2)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    console.error(usage)
    return name === '--help' || name === 'help' ? 0 : 2
  }
  const { values } = parseArgs({
    args: rest,
    options: {
      email: { type: 'string' },
      id: { type: 'string' },
      name: { type: 'string' },
      role: { type: 'string', multiple: true, default: [] },
      scope: { type: 'string', multiple: true, default: [] },
    },
  })
  const { DATABASE_URL, DATABASE_TIMEOUT_MS } = readSettings(
    { DATABASE_URL: settings.DATABASE_URL, DATABASE_TIMEOUT_MS: settings.DATABASE_TIMEOUT_MS },
    process.env,
  )
  const database = openDatabase({
    url: DATABASE_URL,
    connections: 2,
    timeoutMs: DATABASE_TIMEOUT_MS,
    onError: () => undefined,
  })
  try {
    const result = await command(database, values, process.env)
    console.log(JSON.stringify(result))
    return 0
  } finally {
    await database.close()
  }
}

main().then(
  code => {
    process.exitCode = code
  },
  (error: Error & { code?: string }) => {
    const isOurs =
      error instanceof UsageError || error instanceof SettingsError || error.code?.startsWith('ERR_PARSE_ARGS')
    console.error(isOurs ? `gatehouse: ${error.message}` : error)
    process.exitCode = isOurs ? 2 : 1
  },
)
