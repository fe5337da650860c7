/** The processes of a run: PostgreSQL, slots for services, and a proxy on each connection. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  freePort,
  type HalfOpenProxy,
  halfOpenProxy,
  type PgProxy,
  type Postgres,
  pgProxy,
  startPostgres,
} from '@gatehouse/testkit'
import { type Login, type Service, type System, startSystem } from '../system.ts'
import type { Bounds, HistoryEvent } from './history.ts'
import { type MutationName, mutationEnv, mutationMarker, mutations } from './mutations/mutations.ts'
import { createProcessSlot, type ProcessSlot } from './processSlot.ts'

export interface AuthSlot extends ProcessSlot {
  /** On its connections to PostgreSQL. */
  database: PgProxy
}

export interface ResourceSlot extends ProcessSlot {
  /** One to each auth slot. */
  proxies: HalfOpenProxy[]
}

export interface Cluster {
  postgres: Postgres
  auths: AuthSlot[]
  resources: ResourceSlot[]
  /** Empty slots whose addresses every guard knows, for processes that join during the run. */
  spareAuth: AuthSlot
  spareResource: ResourceSlot
  admin: Login
  record: (event: HistoryEvent) => void
  close: () => Promise<void>
}

export interface ClusterOptions {
  auths: number
  resources: number
  /** A deliberate fault in the code of one service. */
  mutation?: MutationName | undefined
  record: (event: HistoryEvent) => void
}

export const databaseTimeoutMs = 2000
/** What the service grants to a statement beyond DATABASE_TIMEOUT_MS. */
const answerMarginMs = 1000
const slackMs = 2000
export const bounds: Bounds = { leaseMs: 3000, marginMs: 500, retryWindowMs: 30_000, slackMs }
/**
 * How long a running replica may take to answer, whatever its database does: a request waits for a
 * connection, and then for a statement without an answer.
 */
export const answerLimitMs = databaseTimeoutMs + databaseTimeoutMs + answerMarginMs + slackMs

const env = {
  LEASE_MS: String(bounds.leaseMs),
  LEASE_MARGIN_MS: String(bounds.marginMs),
  POLL_HOLD_MS: '1000',
  RETRY_WINDOW_MS: String(bounds.retryWindowMs),
  DATABASE_TIMEOUT_MS: String(databaseTimeoutMs),
  // Short, so that tokens expire and guards drop revocations during a run.
  ACCESS_TOKEN_SECONDS: '20',
  REVOCATION_MARGIN_MS: '10000',
  // Users whose account is disabled try again and again, and each verified password counts.
  LOGIN_FAILURES: '100000',
  ADDRESS_FAILURES: '1000000',
}

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const undo: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return { ...(await startParts(options, undo)), record: options.record, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startParts(
  options: ClusterOptions,
  undo: (() => Promise<unknown>)[],
): Promise<Omit<Cluster, 'record' | 'close'>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-chaos-'))
  const postgres = await startPostgres({ dataDir, persistent: false })
  undo.push(() => postgres.stop())
  // A mutation changes one module at load time, so the modules must not be bundled.
  const form = options.mutation === undefined ? 'bundle' : 'src'
  const system = await startSystem({ databaseUrl: postgres.url, auths: 0, resources: 0, env: envOf(options), form })
  undo.push(() => system.stop())
  const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })

  const start = starter(system, options)
  const slot = async (name: string, port: number, startService: (port: number) => Promise<Service>) => {
    const created = createProcessSlot({ name, port, start: startService, record: options.record })
    undo.push(async () => created.retire())
    return created
  }
  // The first replica is the issuer: guards fetch the public keys from it.
  const issuerPort = Number(new URL(system.issuer).port)
  const authAt = async (name: string, port?: number): Promise<AuthSlot> => {
    const database = await pgProxy({ teardown: end => undo.push(async () => end()) }, postgres.url)
    return { ...(await slot(name, port ?? (await freePort()), start.auth(database))), database }
  }
  const auths = [await authAt('auth-1', issuerPort)]
  while (auths.length < options.auths) auths.push(await authAt(`auth-${auths.length + 1}`))
  const spareAuth = await authAt('auth-joined')

  const resourceAt = async (name: string): Promise<ResourceSlot> => {
    const proxies = await Promise.all(
      [...auths, spareAuth].map(({ port }) => halfOpenProxy({ host: '127.0.0.1', port })),
    )
    undo.push(() => Promise.all(proxies.map(line => line.close())))
    return { ...(await slot(name, await freePort(), start.resource(name, proxies))), proxies }
  }
  const resources: ResourceSlot[] = []
  while (resources.length < options.resources) resources.push(await resourceAt(`resource-${resources.length + 1}`))
  const spareResource = await resourceAt('resource-joined')

  await Promise.all(auths.map(({ start }) => start()))
  await Promise.all(resources.map(({ start }) => start()))
  return { postgres, auths, resources, spareAuth, spareResource, admin }
}

function envOf({ mutation }: ClusterOptions): Record<string, string> {
  return mutation === undefined ? env : { ...env, ...mutationEnv(mutation) }
}

function starter(system: System, { mutation }: ClusterOptions) {
  /** Waits for the marker: a run without its mutation would prove nothing. */
  const requireMutation = async (name: 'auth' | 'resource', service: Service) => {
    if (mutation && mutations[mutation].service === name) await service.logged(new RegExp(mutationMarker(mutation)))
    return service
  }
  return {
    auth: (database: PgProxy) => async (port: number) =>
      requireMutation('auth', await system.addAuth({ port, env: { DATABASE_URL: database.url } })),
    resource: (name: string, proxies: HalfOpenProxy[]) => async (port: number) => {
      const AUTH_URLS = proxies.map(line => `http://127.0.0.1:${line.port}`).join(',')
      return requireMutation('resource', await system.addResource({ port, env: { AUTH_URLS, GUARD_NAME: name } }))
    },
  }
}
