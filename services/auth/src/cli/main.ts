#!/usr/bin/env node
/** The command line: through the API with a saved log-in, and by the database alone when the API cannot be reached. */
import { systemClock } from '@gatehouse/clock'
import { SettingsError } from '@gatehouse/settings'
import { ApiError, createApi, NotLoggedInError } from './api.ts'
import { type CommandArgs, parseCommandArgs, UsageError } from './args.ts'
import { clientCommands } from './clientCommands.ts'
import { type Command, exitCodes } from './command.ts'
import { credentialsFileIn } from './credentialsFile.ts'
import { needsDatabase } from './databaseUsage.ts'
import { loginCommands } from './login.ts'
import { type ReportProgress, withProgress } from './progress.ts'
import { sessionCommands } from './sessionCommands.ts'
import { usageText } from './usage.ts'
import { userCommands } from './userCommands.ts'

const environment = process.env
const credentialsFile = credentialsFileIn(environment)
const apiCommands: Readonly<Record<string, Command>> = {
  ...loginCommands(credentialsFile, environment),
  ...userCommands,
  ...sessionCommands,
  ...clientCommands,
}

async function main(): Promise<number> {
  const words = parseCommandArgs(process.argv.slice(2))
  const [noun = '', verb = ''] = words.operands
  if (noun === '' || noun === 'help' || words.options.help) {
    console.log(usageText(apiCommands))
    return noun === '' && !words.options.help ? exitCodes.usage : exitCodes.done
  }
  if (needsDatabase(noun)) {
    const { withDatabase } = await import('./withDatabase.ts')
    return withDatabase(noun, words.options, environment)
  }
  for (const name of [`${noun} ${verb}`, noun]) {
    const command = Object.hasOwn(apiCommands, name) ? apiCommands[name] : undefined
    if (command !== undefined) return throughApi(command, words, name.split(' ').length)
  }
  throw new UsageError(`there is no command "${`${noun} ${verb}`.trim()}"; gatehouse help lists all`)
}

async function throughApi(command: Command, { operands, options }: CommandArgs, nameLength: number): Promise<number> {
  const run = {
    api: createApi(credentialsFile),
    operands: operands.slice(nameLength),
    options,
    password: environment['PASSWORD'],
  }
  const work = (reportProgress: ReportProgress) => command.run({ ...run, reportProgress })
  const { data, text, code = exitCodes.done } = await withProgress(systemClock, process.stderr, work)
  if (data !== undefined) console.log(options.json ? JSON.stringify(data) : text)
  return code
}

function codeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof SettingsError) return exitCodes.usage
  if (error instanceof NotLoggedInError) return exitCodes.notLoggedIn
  if (!(error instanceof ApiError)) return exitCodes.refused
  if (error.problem === undefined || error.problem.action === 'retry') return exitCodes.unavailable
  return error.problem.action === 'login' ? exitCodes.notLoggedIn : exitCodes.refused
}

/** What was to be expected is told in a sentence; anything else is a mistake of ours and shows where. */
function isExpected(error: unknown): error is Error {
  return [UsageError, SettingsError, NotLoggedInError, ApiError].some(kind => error instanceof kind)
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
