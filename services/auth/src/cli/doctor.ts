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
  what: string
  isWell: boolean
  says: string
}

export interface Patient {
  environment: Readonly<Record<string, string | undefined>>
  /** Undefined when no database is configured. */
  database: Database | undefined
  /** This machine's wall clock. */
  wallMs: () => number
}

/** Clocks that differ more than this make tokens look as if they came from the future. */
const toleratedMs = 5000

export async function examine({ environment, database, wallMs }: Patient): Promise<Finding[]> {
  const config = configuration(environment)
  const findings = [config.finding, ...(config.value ? keys(config.value) : [])]
  if (database === undefined) return findings
  const reached = await reach(database)
  findings.push(reached)
  if (!reached.isWell) return findings
  findings.push(await look('clock', () => clockOf(database, wallMs)))
  const migrations = await look('migrations', () => migrationsOf(database))
  findings.push(migrations)
  if (!migrations.isWell) return findings
  findings.push(await look('admins', () => adminsOf(database)), await look('guards', () => guardsOf(database)))
  return findings
}

function configuration(environment: Patient['environment']): { finding: Finding; value?: Config } {
  try {
    const value = readConfig(environment)
    return { finding: well('configuration', 'complete'), value }
  } catch (error) {
    if (error instanceof SettingsError) return { finding: ill('configuration', error.message) }
    throw error
  }
}

function keys(config: Config): Finding[] {
  return [
    attempt('signing key', () => {
      const { active, all } = readSigningKeys(config.SIGNING_KEY, config.SIGNING_ALGORITHM)
      return `${active.algorithm}, kid ${active.kid}, ${all.length} published`
    }),
    attempt('refresh keys', () => `${readRefreshKeys(config.REFRESH_KEYS).byId.size} in the ring`),
  ]
}

function attempt(what: string, describe: () => string): Finding {
  try {
    return well(what, describe())
  } catch (error) {
    return ill(what, error instanceof Error ? error.message : 'unreadable')
  }
}

async function reach({ pool }: Database): Promise<Finding> {
  try {
    const { rows } = await pool.query<{ version: string }>(`SELECT current_setting('server_version') AS version`)
    return well('database', `PostgreSQL ${rows[0]?.version}`)
  } catch (error) {
    const { message, code } = error as { message?: string; code?: string }
    return ill('database', `cannot be reached: ${message || code}. Is DATABASE_URL right, and does the server run?`)
  }
}

async function clockOf({ pool }: Database, wallMs: () => number): Promise<Finding> {
  const beforeMs = wallMs()
  const { rows } = await pool.query<{ ms: number }>('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms')
  const middleMs = (beforeMs + wallMs()) / 2
  const apartMs = Math.round(Math.abs((rows[0]?.ms ?? 0) - middleMs))
  return apartMs <= toleratedMs
    ? well('clock', `${apartMs} ms from the database's`)
    : ill('clock', `this machine and the database are ${apartMs} ms apart: set both by NTP, or tokens are refused`)
}

async function migrationsOf({ pool }: Database): Promise<Finding> {
  const missing = await missingMigrations(pool)
  return missing.length === 0
    ? well('migrations', 'all applied')
    : ill('migrations', `missing: ${missing.join(', ')}. Run: gatehouse migrate`)
}

async function adminsOf({ prisma }: Database): Promise<Finding> {
  return (await hasActiveAdmin(prisma))
    ? well('admins', 'there is one')
    : ill('admins', 'nobody is an admin. Run: gatehouse create-admin --email ...')
}

/** None is no illness: nothing may be guarded yet. */
async function guardsOf({ prisma }: Database): Promise<Finding> {
  const { guards, head } = await readLiveGuards(prisma)
  const behind = guards.filter(({ cursor }) => cursor < head).map(({ name }) => name)
  if (behind.length === 0) return well('guards', `${guards.length} live, none behind`)
  return ill('guards', `behind the feed: ${behind.join(', ')}. A revocation waits for them until their leases end`)
}

async function look(what: string, at: () => Promise<Finding>): Promise<Finding> {
  return at().catch(error => ill(what, error instanceof Error ? error.message : 'cannot be told'))
}

function well(what: string, says: string): Finding {
  return { what, isWell: true, says }
}

function ill(what: string, says: string): Finding {
  return { what, isWell: false, says }
}
