/** Checks what a service needs and reports each problem in one sentence. */
import { SettingsError } from '@gatehouse/settings'
import { type Config, readConfig } from '../config.ts'
import type { Database } from '../database/database.ts'
import { missingMigrations, newerSchema } from '../database/migrate.ts'
import { isStandby } from '../database/readiness.ts'
import { readRefreshKeys } from '../keys/refreshKeys.ts'
import { lagOf, readLiveGuards } from '../store/guards.ts'
import { hasActiveAdmin } from '../store/lockAccount.ts'
import { listSigningKeys } from '../store/signingKeys.ts'
import { databaseReasonOf } from './databaseFailure.ts'
import { type Finding, failed, passed, runCheck } from './finding.ts'
import { checkReplicaKeys, checkSigningKeys } from './keyFindings.ts'

export interface DoctorDeps {
  environment: Readonly<Record<string, string | undefined>>
  /** Undefined when no database is configured. */
  database: Database | undefined
  /** This machine's wall clock. */
  wallMs: () => number
  /** Where the replicas are reached; undefined for the issuer. */
  url?: string | undefined
}

/** With a larger difference, tokens appear to be issued in the future. */
const maxClockOffsetMs = 5000

export async function runDoctor({ environment, database, wallMs, url }: DoctorDeps): Promise<Finding[]> {
  const { findings, config } = checkConfiguration(environment)
  const stored = database === undefined ? [] : await checkDatabase(database, wallMs)
  const isMigrated = stored.some(({ check, isOk }) => check === 'migrations' && isOk)
  const withdrawn = database !== undefined && isMigrated ? await readWithdrawn(database) : []
  if (config !== undefined)
    findings.push(
      await runCheck('signing key', () => checkSigningKeys(config, withdrawn)),
      checkCookiePath(config),
      await runCheck('refresh keys', () => checkRefreshKeys(config)),
    )
  const replicas = { config, url, withdrawn }
  if (config !== undefined || url !== undefined)
    findings.push(await runCheck('replica keys', () => checkReplicaKeys(replicas)))
  return [...findings, ...stored]
}

function checkConfiguration(environment: DoctorDeps['environment']): { findings: Finding[]; config?: Config } {
  try {
    const config = readConfig(environment)
    return { findings: [passed('configuration', 'complete')], config }
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return { findings: error.message.split('\n').map(line => failed('configuration', line)) }
  }
}

async function checkDatabase(database: Database, wallMs: () => number): Promise<Finding[]> {
  const connection = await checkConnection(database)
  if (!connection.isOk) return [connection]
  const clock = await runCheck('clock', () => checkClock(database, wallMs))
  const migrations = await runCheck('migrations', () => checkMigrations(database))
  if (!migrations.isOk) return [connection, clock, migrations]
  const admins = await runCheck('admins', () => checkAdmins(database))
  return [connection, clock, migrations, admins, await runCheck('guards', () => checkGuards(database))]
}

async function readWithdrawn({ prisma }: Database): Promise<string[]> {
  const keys = await listSigningKeys(prisma)
  return keys.filter(({ state }) => state === 'withdrawn').map(({ kid }) => kid)
}

function checkRefreshKeys({ REFRESH_KEYS }: Config): Finding {
  return passed('refresh keys', `${readRefreshKeys(REFRESH_KEYS).byId.size} configured`)
}

/** The browser compares the cookie's path with the public path (RFC 6265 section 5.1.4), prefix of the gateway included. */
function checkCookiePath({ ISSUER, COOKIE_PATH }: Config): Finding {
  const prefix = new URL(ISSUER).pathname.replace(/\/$/, '')
  const missed = [`${prefix}/session`, `${prefix}/session/renew`].find(path => !isBelow(path, COOKIE_PATH))
  if (missed === undefined) return passed('refresh cookie', `sent to ${prefix}/session`)
  return failed(
    'refresh cookie',
    `COOKIE_PATH is ${COOKIE_PATH}, so browsers do not send the cookie to ${missed}, which ISSUER names. Set COOKIE_PATH=${prefix}/session`,
  )
}

function isBelow(path: string, cookiePath: string): boolean {
  const folder = cookiePath.replace(/\/$/, '')
  return path === cookiePath || path.startsWith(`${folder}/`) || path === folder
}

async function checkConnection({ prisma }: Database): Promise<Finding> {
  try {
    const [row] = await prisma.$queryRaw<{ version: string }[]>`SELECT current_setting('server_version') AS version`
    if (await isStandby(prisma))
      return failed('database', 'is a standby, which refuses writes. Set DATABASE_URL to the primary')
    return passed('database', `PostgreSQL ${row?.version}`)
  } catch (error) {
    return failed(
      'database',
      `cannot be reached: ${databaseReasonOf(error)}. Check DATABASE_URL and that the server runs.`,
    )
  }
}

async function checkClock({ prisma }: Database, wallMs: () => number): Promise<Finding> {
  const beforeMs = wallMs()
  const [row] = await prisma.$queryRaw<{ ms: number }[]>`
    SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms`
  const middleMs = (beforeMs + wallMs()) / 2
  const offsetMs = Math.round(Math.abs((row?.ms ?? 0) - middleMs))
  return offsetMs <= maxClockOffsetMs
    ? passed('clock', `${offsetMs} ms from the database's`)
    : failed('clock', `this machine and the database differ by ${offsetMs} ms. Synchronise both by NTP.`)
}

async function checkMigrations({ prisma }: Database): Promise<Finding> {
  const missing = await missingMigrations(prisma)
  const needed = missing.length === 0 ? await newerSchema(prisma) : undefined
  if (needed !== undefined) return failed('migrations', `the schema needs a release with migration ${needed}`)
  return missing.length === 0
    ? passed('migrations', 'all applied')
    : failed('migrations', `missing: ${missing.join(', ')}. Run: gatehouse migrate`)
}

async function checkAdmins({ prisma }: Database): Promise<Finding> {
  return (await hasActiveAdmin(prisma))
    ? passed('admins', 'at least one is active')
    : failed('admins', 'no active account has the role admin. Run: gatehouse create-admin --email ...')
}

/** A service without guards passes, because nothing may be guarded yet. */
async function checkGuards({ prisma }: Database): Promise<Finding> {
  const live = await readLiveGuards(prisma)
  const { guards } = live
  const behind = guards.filter(guard => lagOf(guard, live) > 0).map(({ name }) => name)
  if (behind.length === 0) return passed('guards', `${guards.length} live, none behind`)
  return failed('guards', `behind the feed: ${behind.join(', ')}. Revocations wait for them until their leases end.`)
}
