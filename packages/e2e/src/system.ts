/** A whole system as real processes: auth replicas and resource services on one database. */
import { execFile } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  type Call,
  eventTimeoutMs,
  freePort,
  freshDatabase,
  httpClient,
  onServer,
  startProcess,
  type TestProcess,
  until,
} from '@gatehouse/testkit'

export interface Service extends TestProcess {
  url: string
  call: Call
}

export interface Login {
  email: string
  password: string
}

export interface Tokens {
  accessToken: string
  refreshToken: string
  sessionId: string
}

export interface System {
  issuer: string
  databaseUrl: string
  auths: Service[]
  resources: Service[]
  /** Starts another replica; with `port` in the place of one that has exited. */
  addAuth: (options?: AddOptions & { form?: BuildForm }) => Promise<Service>
  addResource: (options?: AddOptions) => Promise<Service>
  createAccount: (email: string, rights?: { roles?: string[]; scopes?: string[] }) => Promise<Login>
  login: (credentials: Login, auth?: Service) => Promise<Tokens>
  stop: () => Promise<void>
}

interface AddOptions {
  port?: number
  env?: Record<string, string>
  /** The folder of another release, which is built. */
  release?: string
}

/** The folder in `dist` of a service: the shipped bundle, or the single modules. */
export type BuildForm = 'bundle' | 'src'

export interface SystemOptions {
  databaseUrl: string
  auths: number
  resources: number
  /** Environment variables for both services. */
  env?: Record<string, string>
  /** The default form. */
  form?: BuildForm
  /** Maps the auth URLs for the guards, for example to a proxy. */
  authUrls?: (urls: string[]) => string[]
}

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const run = promisify(execFile)
export const password = 'correct horse battery staple'
export const clientSecret = 'the secret of the test resource services'

/** Starts the system and waits until every resource service has its first lease. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { databaseUrl, env = {}, form: defaultForm = 'bundle' } = options
  const ports = await Promise.all(Array.from({ length: Math.max(options.auths, 1) }, freePort))
  const issuer = `http://127.0.0.1:${ports[0]}`
  // Of several hosts, the first is the primary at the start.
  const primaryUrl = databaseUrl.replace(/,[^/]+/, '')
  await prepareDatabase(primaryUrl)

  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const common = { HOST: '127.0.0.1', DRAIN_MS: '50', LOG_LEVEL: 'info', ISSUER: issuer, AUDIENCE: 'gatehouse', ...env }
  const authEnv = {
    ...common,
    DATABASE_URL: databaseUrl,
    DATABASE_POOL: '8',
    SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    REFRESH_KEYS: `1:${randomBytes(32).toString('hex')}`,
  }
  const auths: Service[] = []
  const resources: Service[] = []

  const addAuth: System['addAuth'] = async ({ port = 0, env: more = {}, form = defaultForm, release = root } = {}) => {
    const service = await start(`${release}/services/auth/dist/${form}`, { ...authEnv, PORT: String(port), ...more })
    auths.push(service)
    return service
  }
  const addResource: System['addResource'] = async ({ port = 0, env: more = {}, release = root } = {}) => {
    const urls = auths.map(({ url }) => url)
    const service = await start(`${release}/services/resource/dist/${defaultForm}`, {
      ...common,
      PORT: String(port),
      AUTH_URLS: (options.authUrls?.(urls) ?? urls).join(','),
      CLIENT_ID: 'resource',
      CLIENT_SECRET: clientSecret,
      GUARD_NAME: `resource-${resources.length + 1}`,
      ...more,
    })
    resources.push(service)
    await untilReady(service)
    return service
  }

  const system: System = {
    issuer,
    databaseUrl,
    auths,
    resources,
    addAuth,
    addResource,
    createAccount: async (email, { roles = [], scopes = [] } = {}) => {
      const sql = `INSERT INTO accounts (email, email_key, password_hash, roles, scopes) VALUES ($1, $1, $2, $3, $4)`
      await onServer(primaryUrl, sql, [email, await passwordHash(), roles, scopes])
      return { email, password }
    },
    login: async (credentials, auth = auths[0]) => {
      const answer = await auth?.call('/session', { body: { ...credentials, transport: 'body' } })
      if (answer?.status !== 201) throw new Error(`log-in failed: ${JSON.stringify(answer?.body)}`)
      return answer.body as Tokens
    },
    stop: async () => {
      await Promise.all([...resources, ...auths].map(service => service.stop()))
    },
  }
  try {
    for (const port of ports.slice(0, options.auths)) await addAuth({ port })
    for (let count = 0; count < options.resources; count += 1) await addResource()
    return system
  } catch (error) {
    await system.stop()
    throw error
  }
}

/** Migrates the database unless it is a copy of a migrated one, and creates the client of the resource services. */
async function prepareDatabase(databaseUrl: string): Promise<void> {
  const { rows } = await onServer(databaseUrl, `SELECT to_regclass('service_clients') IS NULL AS "isEmpty"`)
  if (rows[0]?.isEmpty) {
    const env = { ...process.env, DATABASE_URL: databaseUrl }
    await run(process.execPath, [`${root}services/auth/dist/bundle/gatehouse.js`, 'migrate'], { env })
  }
  const sql = `INSERT INTO service_clients (id, name, secret_hash, scopes) VALUES ('resource', 'resource', $1, '{guard}')`
  await onServer(databaseUrl, `${sql} ON CONFLICT DO NOTHING`, [createHash('sha256').update(clientSecret).digest()])
}

let hashOfPassword: Promise<string> | undefined

/** The hash of `password` as the service stores it, computed once: all accounts have this password. */
function passwordHash(): Promise<string> {
  const { hash } = createRequire(`${root}services/auth/package.json`)('@node-rs/argon2')
  hashOfPassword ??= hash(password, { algorithm: 2, memoryCost: 19456, timeCost: 2, parallelism: 1 }) as Promise<string>
  return hashOfPassword
}

/**
 * Starts a system on a new database, by default one auth replica and no resource service.
 * @param t the test, at whose end both are removed
 */
export async function systemOf(
  t: { teardown: (stop: () => Promise<void>) => void },
  options: Partial<Omit<SystemOptions, 'databaseUrl'>> = {},
): Promise<System> {
  const { url: databaseUrl } = await freshDatabase(drop => t.teardown(drop))
  const system = await startSystem({ databaseUrl, auths: 1, resources: 0, ...options })
  t.teardown(system.stop)
  return system
}

async function start(folder: string, env: Record<string, string>): Promise<Service> {
  const process = await startProcess({
    entry: `${folder}/main.js`,
    env,
    readyWhen: /"address":"([^"]+)","msg":"listening"/,
  })
  return { ...process, url: process.ready, call: httpClient(process.ready) }
}

/** Waits until the service has keys and a lease. */
export async function untilReady({ call }: Service, timeoutMs = eventTimeoutMs): Promise<void> {
  await until(async () => (await call('/readyz')).status === 200, 'the service is ready', timeoutMs)
}
