#!/usr/bin/env node
import { systemClock } from '@gatehouse/clock'
import { SettingsError } from '@gatehouse/settings'
import { ApiError, createApi, NotLoggedInError, RefusedError } from './api.ts'
/**
 * The entry of the command line: through the API with a saved log-in, or on the database without
 * the API.
 */
import { apiCommands } from './apiCommands.ts'
import { type CommandTable, exitCodes } from './command.ts'
import { credentialsFileIn } from './credentialsFile.ts'
import { databaseCommandSpecs } from './databaseCommandSpecs.ts'
import { loginCommands } from './login.ts'
import { UsageError } from './options.ts'
import { type Invocation, runProgram } from './program.ts'
import { type ReportProgress, withProgress } from './progress.ts'
import { askToContinue } from './prompts.ts'

const environment = process.env
const credentialsFile = credentialsFileIn(environment)
const withLogin: CommandTable = { ...loginCommands(credentialsFile, environment), ...apiCommands }

async function runApi({ name, operands, options }: Invocation): Promise<number> {
  const command = withLogin[name]
  if (command === undefined) throw new Error(`no command ${name}`)
  const confirm = (effect: string) => (options.yes ? Promise.resolve() : askToContinue(effect))
  if (command.isDestructive) await confirm(`${[name, ...operands].join(' ')}: ${command.description}.`)
  const context = {
    api: createApi(credentialsFile, environment['CURRENT_PASSWORD']),
    operands,
    options,
    confirm,
    password: environment['PASSWORD'],
  }
  const work = (reportProgress: ReportProgress) =>
    command.run({ ...context, reportProgress }).catch(error => {
      throw withOperand(error, command.operands, operands)
    })
  const { data, text, code = exitCodes.done } = await withProgress(systemClock, process.stderr, work)
  if (data !== undefined) console.log(options.json ? JSON.stringify(data) : text)
  return code
}

/** The title of `not-found` does not say what: the first operand does. */
function withOperand(error: unknown, names = '', [operand]: readonly string[]): unknown {
  if (!(error instanceof ApiError) || error.problem?.code !== 'not-found' || operand === undefined) return error
  const [, name] = /<(\w+)>/.exec(names) ?? []
  return new ApiError(`there is no ${name} ${operand} (not-found)`, error.problem)
}

/**
 * The modules of the database are loaded only when a command uses them, since they are most of the
 * service.
 */
async function runDatabase(invocation: Invocation): Promise<number> {
  const { runWithDatabase } = await import('./withDatabase.ts')
  return runWithDatabase(invocation, environment)
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof SettingsError) return exitCodes.usage
  if (error instanceof NotLoggedInError) return exitCodes.notLoggedIn
  if (!(error instanceof ApiError)) return exitCodes.refused
  if (error.problem === undefined || error.problem.action === 'retry') return exitCodes.unavailable
  return error.problem.action === 'login' ? exitCodes.notLoggedIn : exitCodes.refused
}

/** An expected error is printed as a sentence, any other with its stack. */
function isExpected(error: unknown): error is Error {
  return [UsageError, SettingsError, NotLoggedInError, RefusedError, ApiError].some(kind => error instanceof kind)
}

const args = process.argv.slice(2)
const commands = { api: withLogin, database: databaseCommandSpecs, runApi, runDatabase }
runProgram(args.length === 0 ? ['--help'] : args, commands).then(
  code => {
    process.exitCode = args.length === 0 ? exitCodes.usage : code
  },
  error => {
    console.error(isExpected(error) ? `gatehouse: ${error.message}` : error)
    process.exitCode = exitCodeOf(error)
  },
)
