/** Opens connections: to the host that accepts writes when a URL names several, and with a password from a command. */
import { systemClock } from '@gatehouse/clock'
import pg from 'pg'
import { type DatabaseHost, type DatabaseUrl, parseDatabaseUrl } from './databaseUrl.ts'
import { createPasswordReader } from './passwordCommand.ts'

export interface ConnectionOptions {
  /** As `DATABASE_URL`. */
  url: string
  /** A shell command that prints the password; null takes it from the URL. */
  passwordCommand?: string | null
}

export interface Connections extends DatabaseUrl {
  /** Its instances connect to the host that accepts writes. For `pg.Pool`, and for single connections. */
  Client: typeof pg.Client
  /** @returns a URL of that host with the present password, for tools that connect by themselves */
  resolveUrl: () => Promise<string>
}

const probeTimeoutMs = 2000

/** @throws SettingsError for a URL with a parameter that cannot be honoured */
export function createConnections({ url, passwordCommand = null }: ConnectionOptions): Connections {
  const parsed = parseDatabaseUrl(url)
  const readPassword = passwordCommand === null ? undefined : createPasswordReader(passwordCommand)
  const open = (config: pg.ClientConfig) => {
    const client = new pg.Client(config)
    // The next query reports a connection that broke. The pool adds its listener a moment after the
    // connection is made, and an event without a listener would end the process.
    client.on('error', () => undefined)
    // The connection string would replace a password option.
    if (readPassword !== undefined) Object.assign(client, { password: readPassword.read })
    return client
  }
  const writable = createHostFinder(parsed, open)

  // `new` returns the object that a constructor function returns.
  function Client(config: pg.ClientConfig) {
    const client = open(config)
    const connect = client.connect.bind(client)
    const connectToWritable = async () => {
      Object.assign(client, await writable.find())
      client.once('end', writable.forget)
      await connect().catch(error => {
        writable.forget()
        if (isPasswordRefused(error)) readPassword?.forget()
        throw error
      })
    }
    const connectWith = (callback: (error: Error | null) => void) => {
      connectToWritable().then(() => callback(null), callback)
    }
    // The pool passes a callback, other callers await the promise.
    return Object.assign(client, {
      connect: (callback?: (error: Error | null) => void) => (callback ? connectWith(callback) : connectToWritable()),
    })
  }

  const resolveUrl = async () => {
    const resolved = new URL(parsed.client.connectionString)
    const { host, port } = await writable.find()
    resolved.hostname = host.includes(':') ? `[${host}]` : host
    resolved.port = String(port)
    if (readPassword !== undefined) resolved.password = encodeURIComponent(await readPassword.read())
    if (parsed.schema !== 'public') resolved.searchParams.set('schema', parsed.schema)
    return resolved.href
  }
  return { ...parsed, Client: Client as unknown as typeof pg.Client, resolveUrl }
}

/** Longer than a migration waits for the lock, and than any statement of a backup takes. */
const statementLimitMs = 150_000
const connectLimitMs = 10_000
/** The kernel reports a connection that has been dropped within 20 s while no data is on the way. */
const keepAlive = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 }

/** Lends a connection of its own, and ends it after the work. No wait for PostgreSQL is without a limit. */
export async function withConnection<Result>(
  { client: config, Client, connectTimeoutMs = connectLimitMs }: Connections,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const limits = { connectionTimeoutMillis: connectTimeoutMs, query_timeout: statementLimitMs }
  const client = new Client({ ...config, ...keepAlive, ...limits })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await endConnection(client)
  }
}

const closeMs = 1000

/** Ends a connection; the socket of one that does not answer is destroyed after a second. */
export async function endConnection(client: pg.Client | undefined): Promise<void> {
  const timeout = new AbortController()
  const ending = client?.end().catch(() => undefined)
  await Promise.race([ending, systemClock.sleep(closeMs, timeout.signal).catch(() => undefined)])
  timeout.abort()
  destroySocket(client)
}

/** A silent connection never answers the end of the protocol. */
export function destroySocket(client: pg.Client | undefined): void {
  const { connection } = (client ?? {}) as { connection?: { stream: { destroy: () => void } } }
  connection?.stream.destroy()
}

interface HostFinder {
  find: () => Promise<DatabaseHost>
  /** A connection has failed or ended: the next one asks again which host accepts writes. */
  forget: () => void
}

function createHostFinder({ hosts, client }: DatabaseUrl, open: (config: pg.ClientConfig) => pg.Client): HostFinder {
  let found: Promise<DatabaseHost> | undefined
  const forget = () => {
    found = undefined
  }
  const [only, ...others] = hosts
  if (only !== undefined && others.length === 0) return { find: async () => only, forget }
  const probe = async (host: DatabaseHost) => {
    const probing = open({ ...client, connectionTimeoutMillis: probeTimeoutMs, query_timeout: probeTimeoutMs })
    try {
      await Object.assign(probing, host).connect()
      const { rows } = await probing.query<{ isStandby: boolean }>('SELECT pg_is_in_recovery() AS "isStandby"')
      if (rows[0]?.isStandby !== false) throw new Error(`${host.host}:${host.port} is a standby`)
      return host
    } finally {
      probing.end().catch(() => undefined)
    }
  }
  const find = () => {
    found ??= Promise.any(hosts.map(probe)).catch((error: AggregateError) => {
      forget()
      const reasons = error.errors.map(({ message }) => message).join('; ')
      throw new Error(`no host accepts writes: ${reasons}`, { cause: error.errors[0] })
    })
    return found
  }
  return { find, forget }
}

function isPasswordRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '28P01'
}
