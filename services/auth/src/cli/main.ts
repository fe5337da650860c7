#!/usr/bin/env node
/** The command line: through the API with a saved log-in, and by the database alone when the API cannot be reached. */
import { systemClock } from '@gatehouse/clock'
import { readSettings, SettingsError } from '@gatehouse/settings'
import { settings } from '../config.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { ApiError, apiWith, NotLoggedIn } from './api.ts'
import { type Command, exitCodes } from './command.ts'
import { databaseCommands } from './databaseCommands.ts'
import { examine } from './doctor.ts'
import { homeIn } from './home.ts'
import { loginCommands } from './login.ts'
import { placeCommands } from './placeCommands.ts'
import { withProgress } from './progress.ts'
import { recordCommands } from './recordCommands.ts'
import { table } from './table.ts'
import { usageText } from './usage.ts'
import { userCommands } from './userCommands.ts'
import { readWords, UsageError, type Words } from './words.ts'

const environment = process.env
const home = homeIn(environment)
const apiCommands: Readonly<Record<string, Command>> = {
  ...loginCommands(home, environment),
  ...userCommands,
  ...placeCommands,
  ...recordCommands,
}

async function main(): Promise<number> {
  const words = readWords(process.argv.slice(2))
  const [noun = '', verb = ''] = words.operands
  if (noun === '' || noun === 'help' || words.options.help) {
    console.log(usageText(apiCommands, databaseCommands))
    return noun === '' && !words.options.help ? exitCodes.usage : exitCodes.done
  }
  if (noun === 'doctor') return doctor(words)
  if (Object.hasOwn(databaseCommands, noun)) return withDatabaseAlone(noun, words)
  for (const name of [`${noun} ${verb}`, noun]) {
    const command = Object.hasOwn(apiCommands, name) ? apiCommands[name] : undefined
    if (command !== undefined) return throughApi(command, words, name.split(' ').length)
  }
  throw new UsageError(`there is no command "${`${noun} ${verb}`.trim()}"; gatehouse help lists all`)
}

async function throughApi(command: Command, { operands, options }: Words, nameLength: number): Promise<number> {
  const run = { api: apiWith(home), operands: operands.slice(nameLength), options, password: environment['PASSWORD'] }
  const { data, text, code = exitCodes.done } = await withProgress(systemClock, process.stderr, command.run(run))
  if (data !== undefined) console.log(options.json ? JSON.stringify(data) : text)
  return code
}

async function withDatabaseAlone(name: string, { options }: Words): Promise<number> {
  const database = openConfigured()
  try {
    console.log(JSON.stringify(await databaseCommands[name]?.run(database, options, environment)))
    return exitCodes.done
  } finally {
    await database.close()
  }
}

async function doctor({ options }: Words): Promise<number> {
  const database = environment['DATABASE_URL'] || environment['DATABASE_URL_FILE'] ? openConfigured() : undefined
  try {
    const findings = await examine({ environment, database, wallMs: systemClock.wallMs })
    const shown = table(findings, {
      '': ({ isWell }) => (isWell ? 'ok' : 'WRONG'),
      what: ({ what }) => what,
      finding: ({ says }) => says,
    })
    console.log(options.json ? JSON.stringify(findings) : shown)
    return findings.every(({ isWell }) => isWell) ? exitCodes.done : exitCodes.refused
  } finally {
    await database?.close()
  }
}

function openConfigured(): Database {
  const { DATABASE_URL: url, DATABASE_TIMEOUT_MS: timeoutMs } = readSettings(
    { DATABASE_URL: settings.DATABASE_URL, DATABASE_TIMEOUT_MS: settings.DATABASE_TIMEOUT_MS },
    environment,
  )
  return openDatabase({ url, connections: 2, timeoutMs, onError: () => undefined })
}

function codeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof SettingsError) return exitCodes.usage
  if (error instanceof NotLoggedIn) return exitCodes.notLoggedIn
  if (!(error instanceof ApiError)) return exitCodes.refused
  if (error.problem === undefined || error.problem.action === 'retry') return exitCodes.unavailable
  return error.problem.action === 'login' ? exitCodes.notLoggedIn : exitCodes.refused
}

/** What was to be expected is told in a sentence; anything else is a mistake of ours and shows where. */
function isExpected(error: unknown): error is Error {
  return [UsageError, SettingsError, NotLoggedIn, ApiError].some(kind => error instanceof kind)
}

main().then(
  code => {
    process.exitCode = code
  },
  error => {
    console.error(isExpected(error) ? `gatehouse: ${error.message}` : error)
    process.exitCode = codeOf(error)
  },
)
