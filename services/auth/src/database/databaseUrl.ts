/** Reads `DATABASE_URL`: the parameters of `pg` stay, those of Prisma and libpq are translated, all others are refused. */
import { SettingsError } from '@gatehouse/settings'

export interface DatabaseHost {
  host: string
  port: number
}

export interface DatabaseUrl {
  /** The URL of the first host and the start-up options for `pg`. */
  client: { connectionString: string; options?: string }
  /** In the order of the URL. With several, only a host that accepts writes is used. */
  hosts: DatabaseHost[]
  /** The schema that holds the tables; `public` unless `schema` names another. */
  schema: string
  /** `pgbouncer=true`: a pooler in transaction mode keeps no session, so nothing may rest on one. */
  isPooled: boolean
  /** `prepared_statements`; by default without a pooler only, since not every pooler keeps them. */
  namesStatements: boolean
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

/** A standby refuses writes, so the attributes that accept one are refused. */
const sessionAttributes = ['read-write', 'primary']

/**
 * @throws SettingsError for a parameter that this service would have to ignore
 * @example
 * parseDatabaseUrl('postgresql://auth@db/gatehouse?schema=auth&connection_limit=5')
 * parseDatabaseUrl('postgresql://auth@db1:5432,db2:5432/gatehouse?target_session_attrs=read-write')
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const { url, hosts } = splitHosts(text)
  const { searchParams } = url
  const take = (name: string) => {
    const value = searchParams.get(name)
    searchParams.delete(name)
    return value
  }
  const schema = take('schema') ?? 'public'
  const isPooled = oneOf('pgbouncer', take('pgbouncer'), ['true', 'false']) === 'true'
  const prepared = oneOf('prepared_statements', take('prepared_statements'), ['true', 'false'])
  oneOf('target_session_attrs', take('target_session_attrs'), sessionAttributes)
  const maxConnections = count('connection_limit', take('connection_limit'), 1)
  const timeouts = ['connect_timeout', 'pool_timeout'].map(name => count(name, take(name), 0))
  // Zero is no limit, as in Prisma: DATABASE_TIMEOUT_MS then applies.
  const seconds = timeouts.filter(value => value !== undefined && value > 0) as number[]
  const options = [
    take('options') ?? '',
    '-c TimeZone=UTC',
    // What a transaction reads under a lock must include what committed before: an older snapshot does not.
    `-c default_transaction_isolation=${escapeOption('read committed')}`,
    `-c search_path=${escapeOption(quoteIdentifier(schema))}`,
  ]

  const unknown = [...searchParams.keys()].find(name => !pgParameters.includes(name))
  if (unknown !== undefined)
    throw new SettingsError(
      `DATABASE_URL has the parameter ${unknown}, which this service does not support: remove it.`,
    )
  const sslMode = searchParams.get('sslmode')
  if (sslMode !== null && !sslModes.includes(sslMode))
    throw new SettingsError(`sslmode in DATABASE_URL must be one of ${sslModes.join(', ')}: others may not encrypt.`)
  return {
    // A pooler shares its connections, so it refuses options: the role or the database must set them (docs/operations/postgres.md).
    client: { connectionString: url.href, ...(isPooled ? {} : { options: options.join(' ').trim() }) },
    hosts,
    schema,
    isPooled,
    namesStatements: prepared === null ? !isPooled : prepared === 'true',
    maxConnections,
    connectTimeoutMs: seconds.length > 0 ? Math.min(...seconds) * 1000 : undefined,
  }
}

/** `new URL` does not parse several hosts, so it gets the first. */
function splitHosts(text: string): { url: URL; hosts: DatabaseHost[] } {
  const [, scheme = '', userInfo = '', authority = '', rest = ''] =
    /^(postgres(?:ql)?:\/\/)([^/?#]*@)?([^/?#]*)(.*)$/s.exec(text) ?? []
  const urls = authority.split(',').map(host => `${scheme}${userInfo}${host}${rest}`)
  const [first, ...others] = urls.map(parse)
  if (first === undefined) throw new Error('split returns at least one text')
  const hostOf = ({ hostname, port }: URL) => ({
    host: hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: Number(port || 5432),
  })
  return { url: first, hosts: [first, ...others].map(hostOf) }
}

function parse(text: string): URL {
  if (URL.canParse(text)) return new URL(text)
  throw new SettingsError(
    'DATABASE_URL is not a valid URL: special characters in the password must be percent-encoded.',
  )
}

function oneOf(name: string, value: string | null, allowed: readonly string[]): string | null {
  if (value === null || allowed.includes(value)) return value
  throw new SettingsError(`${name} in DATABASE_URL must be ${allowed.join(' or ')}.`)
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
