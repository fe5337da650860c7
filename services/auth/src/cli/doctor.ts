/** Looks at everything that a service needs, and says in plain words what is wrong. */
import { SettingsError } from '@gatehouse/settings'
import { type Config, readConfig } from '../config.ts'
import type { Database } from '../database/database.ts'
import { missingMigrations } from '../database/migrate.ts'
import { readRefreshKeys } from '../keys/refreshKeys.ts'
import { readSigningKeys } from '../keys/signingKeys.ts'
import { readLiveGuards } from '../store/guards.ts'
import { hasActiveAdmin } from '../store/lockAccount.ts'

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
}

/** Clocks that differ more than this make tokens look as if they came from the future. */
const toleratedMs = 5000

export async function runDoctor({ environment, database, wallMs }: DoctorDeps): Promise<Finding[]> {
  const config = configuration(environment)
  const findings = [config.finding, ...(config.value ? keys(config.value) : [])]
  if (database === undefined) return findings
  const reached = await checkConnection(database)
  findings.push(reached)
  if (!reached.isOk) return findings
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

function configuration(environment: DoctorDeps['environment']): { finding: Finding; value?: Config } {
  try {
    const value = readConfig(environment)
    return { finding: passed('configuration', 'complete'), value }
  } catch (error) {
    if (error instanceof SettingsError) return { finding: failed('configuration', error.message) }
    throw error
  }
}

function keys(config: Config): Finding[] {
  return [
    checkSync('signing key', () => {
      const { active, all } = readSigningKeys(config.SIGNING_KEY, config.SIGNING_ALGORITHM)
      return `${active.algorithm}, kid ${active.kid}, ${all.length} published`
    }),
    checkSync('refresh keys', () => `${readRefreshKeys(config.REFRESH_KEYS).byId.size} in the ring`),
  ]
}

function checkSync(what: string, describe: () => string): Finding {
  try {
    return passed(what, describe())
  } catch (error) {
    return failed(what, error instanceof Error ? error.message : 'unreadable')
  }
}

async function checkConnection({ prisma }: Database): Promise<Finding> {
  try {
    const [row] = await prisma.$queryRaw<{ version: string }[]>`SELECT current_setting('server_version') AS version`
    return passed('database', `PostgreSQL ${row?.version}`)
  } catch (error) {
    // Prisma puts the reason on the last line.
    const reason = error instanceof Error ? error.message.split('\n').at(-1) : String(error)
    return failed('database', `cannot be reached: ${reason}. Is DATABASE_URL right, and does the server run?`)
  }
}

async function checkClock({ prisma }: Database, wallMs: () => number): Promise<Finding> {
  const beforeMs = wallMs()
  const [row] = await prisma.$queryRaw<{ ms: number }[]>`
    SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms`
  const middleMs = (beforeMs + wallMs()) / 2
  const apartMs = Math.round(Math.abs((row?.ms ?? 0) - middleMs))
  return apartMs <= toleratedMs
    ? passed('clock', `${apartMs} ms from the database's`)
    : failed('clock', `this machine and the database are ${apartMs} ms apart: set both by NTP, or tokens are refused`)
}

async function checkMigrations({ prisma }: Database): Promise<Finding> {
  const missing = await missingMigrations(prisma)
  return missing.length === 0
    ? passed('migrations', 'all applied')
    : failed('migrations', `missing: ${missing.join(', ')}. Run: gatehouse migrate`)
}

async function checkAdmins({ prisma }: Database): Promise<Finding> {
  return (await hasActiveAdmin(prisma))
    ? passed('admins', 'there is one')
    : failed('admins', 'nobody is an admin. Run: gatehouse create-admin --email ...')
}

/** None is no illness: nothing may be guarded yet. */
async function checkGuards({ prisma }: Database): Promise<Finding> {
  const { guards, head } = await readLiveGuards(prisma)
  const behind = guards.filter(({ cursor }) => cursor < head).map(({ name }) => name)
  if (behind.length === 0) return passed('guards', `${guards.length} live, none behind`)
  return failed('guards', `behind the feed: ${behind.join(', ')}. A revocation waits for them until their leases end`)
}

async function runCheck(what: string, at: () => Promise<Finding>): Promise<Finding> {
  return at().catch(error => failed(what, error instanceof Error ? error.message : 'cannot be told'))
}

function passed(check: string, message: string): Finding {
  return { check, isOk: true, message }
}

function failed(check: string, message: string): Finding {
  return { check, isOk: false, message }
}
