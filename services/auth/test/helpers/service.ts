/** Starts the real auth service over real HTTP, on its own database, for a test. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@gatehouse/clock'
import { type Problem, type ProblemCode, problemDefinition, problemMediaType, problems } from '@gatehouse/contract'
import { type Call, freshDatabase, type HttpResponse, httpClient, recordResponses } from '@gatehouse/testkit'
import type { QueryResult } from 'pg'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase } from '../../src/database/database.ts'
import { sha256 } from '../../src/keys/hmac.ts'
import { hashPassword } from '../../src/passwords/argon2.ts'
import { createAccount } from '../../src/store/accounts.ts'
import { putServiceClient } from '../../src/store/serviceClients.ts'

export const issuer = 'http://auth.test'
export const password = 'correct horse battery staple'
export const guardSecret = 'a secret of the test guards'

export interface TestUser {
  id: string
  email: string
}

export interface TestSession {
  accessToken: string
  refreshToken: string
  sessionId: string
}

export interface TestService {
  url: string
  database: Database
  /** @returns the rows of a statement */
  query: (text: string, values?: unknown[]) => Promise<QueryResult['rows']>
  call: Call
  createUser: (rights?: { roles?: string[]; scopes?: string[] }) => Promise<TestUser>
  login: (createUser: TestUser, more?: Record<string, unknown>) => Promise<TestSession>
  /** Moves every timestamp of the session into the past, as if that many seconds had passed. */
  ageSession: (sessionId: string, seconds: number) => Promise<void>
  /** The Authorization header of the guards' service client. */
  guardCredentials: string
  environment: Record<string, string>
}

/** An environment with fresh keys. */
export function environmentFor(databaseUrl: string): Record<string, string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    ISSUER: issuer,
    DATABASE_URL: databaseUrl,
    DATABASE_POOL: '8',
    // Starting a thread takes longer than the hashing that most tests need.
    PASSWORD_THREADS: '1',
    SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    REFRESH_KEYS: `1:${randomBytes(32).toString('hex')}`,
    LOG_LEVEL: 'silent',
  }
}

/** @param settings variables that differ for this test; `DATABASE_URL` names a migrated database that the caller removes */
export async function startService(t: Test, settings: Record<string, string> = {}): Promise<TestService> {
  const databaseUrl = settings['DATABASE_URL'] ?? (await freshDatabase(t.teardown)).url
  const environment = { ...environmentFor(databaseUrl), ...settings }
  const database = openDatabase({ url: databaseUrl, connections: 4, timeoutMs: 5000, onError: () => undefined })
  const seen = recordResponses()
  const app = await buildApp(readConfig(environment), systemClock)
  seen.stop()
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    await app.close()
    await database.close()
    seen.assertDocumented(app)
  })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  await putServiceClient(database.prisma, {
    id: 'guards',
    name: 'guards',
    secretHash: sha256(guardSecret),
    scopes: ['guard'],
  })

  const call = httpClient(url)
  const passwordHash = await hashPassword(password)
  let userCount = 0

  return {
    url,
    database,
    environment,
    call,
    query: async (text, values) => (await database.pool.query(text, values)).rows,
    guardCredentials: basic('guards', guardSecret),
    createUser: async ({ roles = [], scopes = [] } = {}) => {
      userCount += 1
      const email = `user${userCount}@example.org`
      const id = await createAccount(database.prisma, { email, passwordHash, roles, scopes })
      if (id === undefined) throw new Error(`${email} exists`)
      return { id, email }
    },
    login: async (user, more = {}) => {
      const body = { email: user.email, password, transport: 'body', ...more }
      const response = await call('/session', { body })
      if (response.status !== 201) throw new Error(`log-in failed: ${JSON.stringify(response.body)}`)
      return response.body as TestSession
    },
    ageSession: async (sessionId, seconds) => {
      const by = `${seconds} seconds`
      await database.prisma.$executeRaw`
        UPDATE sessions SET created_at = created_at - ${by}::interval, expires_at = expires_at - ${by}::interval WHERE id = ${sessionId}::uuid`
      await database.prisma.$executeRaw`
        UPDATE refresh_tokens
           SET rotated_at = rotated_at - ${by}::interval, idle_expires_at = idle_expires_at - ${by}::interval,
               authenticated_at = authenticated_at - ${by}::interval, expires_at = expires_at - ${by}::interval
         WHERE session_id = ${sessionId}::uuid`
    },
  }
}

/** Renews by body. @param key the `Idempotency-Key` */
export function renew({ call }: Pick<TestService, 'call'>, refreshToken: string, key?: string): Promise<HttpResponse> {
  return call('/session/renew', { body: { refreshToken }, ...(key ? { headers: { 'idempotency-key': key } } : {}) })
}

/** Logs out by body. */
export function logOut({ call }: Pick<TestService, 'call'>, refreshToken: string): Promise<HttpResponse> {
  return call('/session', { method: 'DELETE', body: { refreshToken } })
}

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`
}

/** Checks a response against its row of the problem table: status, challenge, code, action and caching. */
export function assertProblem(t: Test, response: HttpResponse, outcome: ProblemCode): void {
  const row = problemDefinition(outcome)
  const problem = response.body as Problem
  t.equal(problem?.code, outcome, `refused as ${outcome}`)
  t.equal(response.status, row.status)
  t.equal(problem?.action, row.action)
  t.equal(problem?.status, row.status)
  t.ok(problem?.type?.endsWith(`/${outcome}`), 'type ends in the code')
  t.ok(problem?.requestId, 'names the request')
  t.equal(response.headers.get('content-type'), problemMediaType)
  t.equal(response.headers.get('cache-control'), 'no-store')
  const challenge = response.headers.get('www-authenticate')
  if (row.status === 401) t.ok(challenge, 'a 401 carries its challenge')
  if (row.challenge === undefined && outcome !== 'request-malformed') t.equal(challenge, null, 'no challenge')
  if (row.challenge === 'none') t.notMatch(challenge, /error/, 'a challenge without an error')
  if (row.challenge?.startsWith('in')) t.match(challenge, `error="${row.challenge}"`)
  if (row.retryAfterSeconds !== undefined) t.match(response.headers.get('retry-after'), /^[1-9]\d*$/)
}

/** Every problem code, for tests that walk the table. */
export const codes = Object.keys(problems) as ProblemCode[]
