/** Runs a command on the configured database. */
import { systemClock } from '@gatehouse/clock'
import { readSettings } from '@gatehouse/settings'
import { settings } from '../config.ts'
import { type Database, openDatabase } from '../database/database.ts'
import type { Options } from './args.ts'
import { exitCodes } from './command.ts'
import { databaseCommands, type Environment } from './databaseCommands.ts'
import type { DatabaseCommandName } from './databaseUsage.ts'
import { runDoctor } from './doctor.ts'
import { table } from './table.ts'

export async function withDatabase(
  name: DatabaseCommandName | 'doctor',
  options: Options,
  environment: Environment,
): Promise<number> {
  if (name === 'doctor') return doctor(options, environment)
  const database = openConfigured(environment)
  try {
    console.log(JSON.stringify(await databaseCommands[name](database, options, environment)))
    return exitCodes.done
  } finally {
    await database.close()
  }
}

async function doctor(options: Options, environment: Environment): Promise<number> {
  const isConfigured = environment['DATABASE_URL'] || environment['DATABASE_URL_FILE']
  const database = isConfigured ? openConfigured(environment) : undefined
  try {
    const findings = await runDoctor({ environment, database, wallMs: systemClock.wallMs })
    const shown = table(findings, {
      '': ({ isOk }) => (isOk ? 'ok' : 'WRONG'),
      what: ({ check }) => check,
      finding: ({ message }) => message,
    })
    console.log(options.json ? JSON.stringify(findings) : shown)
    return findings.every(({ isOk }) => isOk) ? exitCodes.done : exitCodes.refused
  } finally {
    await database?.close()
  }
}

function openConfigured(environment: Environment): Database {
  const { DATABASE_URL: url, DATABASE_TIMEOUT_MS: timeoutMs } = readSettings(
    { DATABASE_URL: settings.DATABASE_URL, DATABASE_TIMEOUT_MS: settings.DATABASE_TIMEOUT_MS },
    environment,
  )
  return openDatabase({ url, connections: 2, timeoutMs, onError: () => undefined })
}
