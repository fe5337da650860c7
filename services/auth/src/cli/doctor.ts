/** Checks what a service needs and reports each problem in one sentence. */
import { SettingsError } from '@gatehouse/settings'
import { type Config, readConfig } from '../config.ts'
import type { Database } from '../database/database.ts'
import { missingMigrations, newerSchema } from '../database/migrate.ts'
import { isStandby } from '../database/readiness.ts'
import { readRefreshKeys } from '../keys/refreshKeys.ts'
import { type KeyMaterial, readSigningKeys } from '../keys/signingKeys.ts'
import { lagOf, readLiveGuards } from '../store/guards.ts'
import { hasActiveAdmin } from '../store/lockAccount.ts'
import { compareKeys, fetchKeySets } from './replicaKeys.ts'

export interface Finding {
  check: string
  isOk: boolean
  message: string
}

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
  const config = checkConfiguration(environment)
  const findings = [config.finding]
  if (config.value) findings.push(...checkKeys(config.value), await checkReplicaKeys(config.value, url))
  if (database === undefined) return findings
  const connection = await checkConnection(database)
  findings.push(connection)
  if (!connection.isOk) return findings
  findings.push(await runCheck('clock', () => checkClock(database, wallMs)))
  const migrations = await runCheck('migrations', () => checkMigrations(database))
  findings.push(migrations)
  if (!migrations.isOk) return findings
  findings.push(
    await runCheck('admins', () => checkAdmins(database)),
    await runCheck('guards', () => checkGuards(database)),
  )
  return findings
}

function checkConfiguration(environment: DoctorDeps['environment']): { finding: Finding; value?: Config } {
  try {
    const value = readConfig(environment)
    return { finding: passed('configuration', 'complete'), value }
  } catch (error) {
    if (error instanceof SettingsError) return { finding: failed('configuration', error.message) }
    throw error
  }
}

function checkKeys(config: Config): Finding[] {
  return [
    checkSync('signing key', () => {
      const keys = configuredKeys(config)
      if (keys.length === 0) return 'in the database alone'
      return keys.map(({ algorithm, kid }) => `${algorithm} ${kid}`).join(', ')
    }),
    checkCookiePath(config),
    checkSync('refresh keys', () => `${readRefreshKeys(config.REFRESH_KEYS).byId.size} configured`),
  ]
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

/** Requests go to different replicas through the load balancer, so several are sent. */
async function checkReplicaKeys(config: Config, url: string | undefined): Promise<Finding> {
  return runCheck('replica keys', async () => {
    const all = configuredKeys(config)
    const keySets = await fetchKeySets(url ?? config.ISSUER)
    if (keySets === undefined) return passed('replica keys', 'not checked: no replica is reachable; give --url')
    const difference = compareKeys(
      all.map(({ kid }) => kid),
      keySets,
    )
    return difference === undefined
      ? passed('replica keys', `${keySets.length} responses publish the configured keys`)
      : failed('replica keys', difference)
  })
}

function configuredKeys({ SIGNING_KEY, SIGNING_ALGORITHM }: Config): KeyMaterial[] {
  return SIGNING_KEY === null ? [] : readSigningKeys(SIGNING_KEY, SIGNING_ALGORITHM)
}

function checkSync(check: string, describe: () => string): Finding {
  try {
    return passed(check, describe())
  } catch (error) {
    return failed(check, error instanceof Error ? error.message : 'unreadable')
  }
}

async function checkConnection({ prisma }: Database): Promise<Finding> {
  try {
    const [row] = await prisma.$queryRaw<{ version: string }[]>`SELECT current_setting('server_version') AS version`
    if (await isStandby(prisma))
      return failed('database', 'is a standby, which refuses writes. Set DATABASE_URL to the primary')
    return passed('database', `PostgreSQL ${row?.version}`)
  } catch (error) {
    // Prisma puts the reason on the last line.
    const reason = error instanceof Error ? error.message.split('\n').at(-1) : String(error)
    return failed('database', `cannot be reached: ${reason}. Check DATABASE_URL and that the server runs.`)
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

async function runCheck(check: string, run: () => Promise<Finding>): Promise<Finding> {
  return run().catch(error => failed(check, error instanceof Error ? error.message : 'cannot be checked'))
}

function passed(check: string, message: string): Finding {
  return { check, isOk: true, message }
}

function failed(check: string, message: string): Finding {
  return { check, isOk: false, message }
}
