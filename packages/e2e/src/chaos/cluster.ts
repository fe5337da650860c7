/** What a run plays on: PostgreSQL of its own, places for auth and resource processes, and the lines between them. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type HalfOpenProxy, halfOpenProxy, type Postgres, startPostgres } from '@gatehouse/testkit'
import { type Login, type Service, type System, startSystem } from '../system.ts'
import type { Bounds, Happening } from './history.ts'
import { changes, confession, type Mistake } from './mutations/mutations.ts'
import { type ProcessSlot, placeAt } from './processSlot.ts'

export interface ResourcePlace extends ProcessSlot {
  /** One to each auth place. */
  lines: HalfOpenProxy[]
}

export interface Cluster {
  postgres: Postgres
  auths: ProcessSlot[]
  resources: ResourcePlace[]
  /** Empty, and known to all: another process may come. */
  spareAuth: ProcessSlot
  spareResource: ResourcePlace
  admin: Login
  note: (happening: Happening) => void
  close: () => Promise<void>
}

export interface StageOptions {
  auths: number
  resources: number
  /** Made in the services on purpose. */
  mistake?: Mistake | undefined
  note: (happening: Happening) => void
}

export const bounds: Bounds = { leaseMs: 3000, marginMs: 500, retryWindowMs: 30_000, slackMs: 2000 }
export const databaseTimeoutMs = 2000

const env = {
  LEASE_MS: String(bounds.leaseMs),
  LEASE_MARGIN_MS: String(bounds.marginMs),
  POLL_HOLD_MS: '1000',
  RETRY_WINDOW_MS: String(bounds.retryWindowMs),
  DATABASE_TIMEOUT_MS: String(databaseTimeoutMs),
  // Short, so that tokens expire and revocations are forgotten in the course of a run.
  ACCESS_TOKEN_SECONDS: '20',
  REVOCATION_MARGIN_MS: '10000',
}

export async function buildStage(options: StageOptions): Promise<Cluster> {
  const undo: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return { ...(await build(options, undo)), note: options.note, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function build(
  options: StageOptions,
  undo: (() => Promise<unknown>)[],
): Promise<Omit<Cluster, 'note' | 'close'>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-chaos-'))
  const postgres = await startPostgres({ dataDir, persistent: false })
  undo.push(() => postgres.stop())
  // A mistake is made in one module as it is loaded, so then each is loaded by itself.
  const form = options.mistake === undefined ? 'bundle' : 'src'
  const system = await startSystem({ databaseUrl: postgres.url, auths: 0, resources: 0, env: envOf(options), form })
  undo.push(() => system.stop())
  const admin = await system.createAccount('admin@example.org', ['--role', 'admin'])

  const start = starter(system, options)
  const place = async (name: string, port: number, startIt: (port: number) => Promise<Service>) => {
    const made = placeAt({ name, port, start: startIt, note: options.note })
    undo.push(async () => made.retire())
    return made
  }
  // The issuer is the first of them: guards fetch the public keys there.
  const issuerPort = Number(new URL(system.issuer).port)
  const authAt = async (name: string, port?: number) => place(name, port ?? (await freePort()), start.auth)
  const auths = [await authAt('auth-1', issuerPort)]
  while (auths.length < options.auths) auths.push(await authAt(`auth-${auths.length + 1}`))
  const spareAuth = await authAt('auth-joined')

  const resourceAt = async (name: string): Promise<ResourcePlace> => {
    const lines = await Promise.all([...auths, spareAuth].map(({ port }) => halfOpenProxy({ host: '127.0.0.1', port })))
    undo.push(() => Promise.all(lines.map(line => line.close())))
    return { ...(await place(name, await freePort(), start.resource(name, lines))), lines }
  }
  const resources: ResourcePlace[] = []
  while (resources.length < options.resources) resources.push(await resourceAt(`resource-${resources.length + 1}`))
  const spareResource = await resourceAt('resource-joined')

  await Promise.all(auths.map(({ enter }) => enter()))
  await Promise.all(resources.map(({ enter }) => enter()))
  return { postgres, auths, resources, spareAuth, spareResource, admin }
}

function envOf({ mistake }: StageOptions): Record<string, string> {
  if (mistake === undefined) return env
  const preload = new URL(`mutations/preload.js?mistake=${mistake}`, import.meta.url)
  return { ...env, NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${preload}` }
}

function starter(system: System, { mistake }: StageOptions) {
  /** A mistake that was not made would prove nothing. */
  const mustBeBroken = async (name: 'auth' | 'resource', service: Service) => {
    if (mistake && changes[mistake].service === name) await service.logged(new RegExp(confession(mistake)))
    return service
  }
  return {
    auth: async (port: number) => mustBeBroken('auth', await system.addAuth({ port })),
    resource: (name: string, lines: HalfOpenProxy[]) => async (port: number) => {
      const AUTH_URLS = lines.map(line => `http://127.0.0.1:${line.port}`).join(',')
      return mustBeBroken('resource', await system.addResource({ port, env: { AUTH_URLS, GUARD_NAME: name } }))
    },
  }
}
