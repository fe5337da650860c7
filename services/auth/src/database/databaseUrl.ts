/** Reads `DATABASE_URL`: the parameters of `pg` stay, those of Prisma are translated, all others are refused. */
import { SettingsError } from '@gatehouse/settings'

export interface DatabaseUrl {
  /** The URL and the start-up options for `pg`. */
  client: { connectionString: string; options: string }
  /** The schema that holds the tables; `public` unless `schema` names another. */
  schema: string
  /** `connection_limit`: the largest pool. */
  maxConnections: number | undefined
  /** The smaller of `connect_timeout` and `pool_timeout`: `pg` has one limit for both. */
  connectTimeoutMs: number | undefined
}

/** Read by `pg` itself. */
const pgParameters = [
  'application_name',
  'host',
  'port',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslrootcert',
  'uselibpqcompat',
]

/** With these, `pg` encrypts or does not, and never falls back. */
const sslModes = ['disable', 'no-verify', 'require', 'verify-ca', 'verify-full']

/**
 * @throws SettingsError for a parameter that this service would have to ignore
 * @example
 * parseDatabaseUrl('postgresql://auth@db/gatehouse?schema=auth&connection_limit=5')
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const url = new URL(text)
  const { searchParams } = url
  const take = (name: string) => {
    const value = searchParams.get(name)
    searchParams.delete(name)
    return value
  }
  const schema = take('schema') ?? 'public'
  const maxConnections = count('connection_limit', take('connection_limit'), 1)
  const timeouts = ['connect_timeout', 'pool_timeout'].map(name => count(name, take(name), 0))
  // Zero is no limit, as in Prisma: DATABASE_TIMEOUT_MS then applies.
  const seconds = timeouts.filter(value => value !== undefined && value > 0) as number[]
  const options = [take('options') ?? '', '-c TimeZone=UTC', `-c search_path=${escapeOption(quoteIdentifier(schema))}`]

  const unknown = [...searchParams.keys()].find(name => !pgParameters.includes(name))
  if (unknown !== undefined)
    throw new SettingsError(
      `DATABASE_URL has the parameter ${unknown}, which this service does not support: remove it.`,
    )
  const sslMode = searchParams.get('sslmode')
  if (sslMode !== null && !sslModes.includes(sslMode))
    throw new SettingsError(`sslmode in DATABASE_URL must be one of ${sslModes.join(', ')}: others may not encrypt.`)
  return {
    client: { connectionString: url.href, options: options.join(' ').trim() },
    schema,
    maxConnections,
    connectTimeoutMs: seconds.length > 0 ? Math.min(...seconds) * 1000 : undefined,
  }
}

function count(name: string, value: string | null, min: number): number | undefined {
  if (value === null) return undefined
  const number = Number(value)
  if (!/^\d{1,6}$/.test(value) || number < min)
    throw new SettingsError(`${name} in DATABASE_URL must be an integer of at least ${min}.`)
  return number
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** In the start-up parameter `options`, a backslash escapes spaces and itself. */
function escapeOption(value: string): string {
  return value.replace(/[\\ ]/g, '\\$&')
}
