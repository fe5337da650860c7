/** Runs a command on the configured database. */
import { systemClock } from '@gatehouse/clock'
import { readSettings } from '@gatehouse/settings'
import { readConfig, settings } from '../config.ts'
import { type Database, openDatabase } from '../database/database.ts'
import { backup } from './backup.ts'
import { exitCodes } from './command.ts'
import type { DatabaseCommandName } from './databaseCommandSpecs.ts'
import { databaseCommands, type Environment } from './databaseCommands.ts'
import { databaseFailureOf } from './databaseFailure.ts'
import { runDoctor } from './doctor.ts'
import { type Options, UsageError } from './options.ts'
import type { Invocation } from './program.ts'
import { table } from './table.ts'

/** @returns the exit code */
export async function runWithDatabase({ name, options }: Invocation, environment: Environment): Promise<number> {
  if (name === 'doctor') return doctor(options, environment)
  const database = openConfigured(environment)
  try {
    if (name === 'backup') {
      // The backup itself goes to the standard output.
      console.error(`${await backup(database.direct, process.stdout)} rows`)
      return exitCodes.done
    }
    const result = await databaseCommands[name as DatabaseCommandName](database, options, environment)
    console.log(JSON.stringify(result))
    return exitCodes.done
  } catch (error) {
    const failure = databaseFailureOf(error)
    if (failure === undefined) throw error
    console.error(`gatehouse: ${failure.message}`)
    return failure.code
  } finally {
    await database.close()
  }
}

async function doctor(options: Options, environment: Environment): Promise<number> {
  if (options.profile !== undefined) return printProfile(options, environment)
  const isConfigured = environment['DATABASE_URL'] || environment['DATABASE_URL_FILE']
  const database = isConfigured ? openConfigured(environment) : undefined
  try {
    const findings = await runDoctor({ environment, database, wallMs: systemClock.wallMs, url: options.url })
    const text = table(findings, {
      '': ({ isOk }) => (isOk ? 'ok' : 'WRONG'),
      check: 'check',
      finding: 'message',
    })
    console.log(options.json ? JSON.stringify(findings) : text)
    return findings.every(({ isOk }) => isOk) ? exitCodes.done : exitCodes.refused
  } finally {
    await database?.close()
  }
}

/** Prints every row, whatever its verdict: what to do about it is the operator's decision. */
async function printProfile(options: Options, environment: Environment): Promise<number> {
  const { assess, profiles } = await import('./assurance.ts')
  const profile = profiles.find(name => name === options.profile)
  if (options.url !== undefined) throw new UsageError('--url and --profile exclude each other')
  if (profile === undefined) throw new UsageError(`--profile must be one of ${profiles.join(', ')}`)
  const rows = assess(profile, readConfig(environment))
  const text = table(rows, {
    verdict: 'verdict',
    'no.': 'id',
    requirement: 'requirement',
    reason: 'reason',
  })
  console.log(options.json ? JSON.stringify(rows) : text)
  return exitCodes.done
}

function openConfigured(environment: Environment): Database {
  const { DATABASE_URL, DATABASE_DIRECT_URL, DATABASE_PASSWORD_COMMAND, DATABASE_TIMEOUT_MS } = settings
  const read = { DATABASE_URL, DATABASE_DIRECT_URL, DATABASE_PASSWORD_COMMAND, DATABASE_TIMEOUT_MS }
  const config = readSettings(read, environment)
  return openDatabase({
    url: config.DATABASE_URL,
    directUrl: config.DATABASE_DIRECT_URL,
    passwordCommand: config.DATABASE_PASSWORD_COMMAND,
    connections: 2,
    timeoutMs: config.DATABASE_TIMEOUT_MS,
    onError: () => undefined,
  })
}
