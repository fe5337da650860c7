/** The stage of the auth service's tests: the real service over real HTTP, on a database of its own. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@gatehouse/clock'
import { type Problem, type ProblemCode, problemDefinition, problemMediaType, problems } from '@gatehouse/contract'
import { type Call, freshDatabase, type HttpResponse, httpClient } from '@gatehouse/testkit'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase } from '../../src/database/database.ts'
import { sha256 } from '../../src/keys/hmac.ts'
import { hashPassword } from '../../src/passwords/argon2.ts'
import { createAccount } from '../../src/store/accounts.ts'
import { putServiceClient } from '../../src/store/serviceClients.ts'

export type { HttpResponse }

export const issuer = 'http://auth.test'
export const password = 'correct horse battery staple'
export const guardSecret = 'a secret of the test guards'

export interface Person {
  id: string
  email: string
}

export interface Session {
  accessToken: string
  refreshToken: string
  sessionId: string
}

export interface Stage {
  url: string
  database: Database
  call: Call
  person: (rights?: { roles?: string[]; scopes?: string[] }) => Promise<Person>
  login: (person: Person, more?: Record<string, unknown>) => Promise<Session>
  /** Lets so much time pass for a session: moves everything that the database keeps of it into the past. */
  age: (sessionId: string, seconds: number) => Promise<void>
  /** The Authorization header of a guard's service client. */
  guardCredentials: string
  environment: Record<string, string>
}

/** Fresh keys for one test. */
export function environmentFor(databaseUrl: string): Record<string, string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    ISSUER: issuer,
    DATABASE_URL: databaseUrl,
    DATABASE_POOL: '8',
    // Each is made anew by each test, which takes longer than most have to hash.
    PASSWORD_THREADS: '1',
    SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    REFRESH_KEYS: `1:${randomBytes(32).toString('hex')}`,
    LOG_LEVEL: 'silent',
  }
}

/** @param settings variables that this test wants otherwise; `DATABASE_URL` is a migrated database that the caller removes */
export async function stage(t: Test, settings: Record<string, string> = {}): Promise<Stage> {
  const databaseUrl = settings['DATABASE_URL'] ?? (await freshDatabase(t.teardown)).url
  const environment = { ...environmentFor(databaseUrl), ...settings }
  const database = openDatabase({ url: databaseUrl, connections: 4, timeoutMs: 5000, onError: () => undefined })
  const app = await buildApp(readConfig(environment), systemClock)
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    await app.close()
    await database.close()
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
  let people = 0

  return {
    url,
    database,
    environment,
    call,
    guardCredentials: basic('guards', guardSecret),
    person: async ({ roles = [], scopes = [] } = {}) => {
      people += 1
      const email = `person${people}@example.org`
      const id = await createAccount(database.prisma, { email, passwordHash, roles, scopes })
      if (id === undefined) throw new Error(`${email} exists`)
      return { id, email }
    },
    login: async (person, more = {}) => {
      const body = { email: person.email, password, transport: 'body', ...more }
      const answer = await call('/session', { body })
      if (answer.status !== 201) throw new Error(`log-in failed: ${JSON.stringify(answer.body)}`)
      return answer.body as Session
    },
    age: async (sessionId, seconds) => {
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

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`
}

/** The answer is this row of the table: status, challenge, code, action, and that no cache keeps it. */
export function isRefusal(t: Test, answer: HttpResponse, outcome: ProblemCode): void {
  const row = problemDefinition(outcome)
  const problem = answer.body as Problem
  t.equal(problem?.code, outcome, `refused as ${outcome}`)
  t.equal(answer.status, row.status)
  t.equal(problem?.action, row.action)
  t.equal(problem?.status, row.status)
  t.ok(problem?.type?.endsWith(`/${outcome}`), 'type ends in the code')
  t.ok(problem?.requestId, 'names the request')
  t.equal(answer.headers.get('content-type'), problemMediaType)
  t.equal(answer.headers.get('cache-control'), 'no-store')
  const challenge = answer.headers.get('www-authenticate')
  if (row.status === 401) t.ok(challenge, 'a 401 carries its challenge')
  if (row.challenge === undefined && outcome !== 'request-malformed') t.equal(challenge, null, 'no challenge')
  if (row.challenge === 'none') t.notMatch(challenge, /error/, 'a challenge without an error')
  if (row.challenge === 'invalid_token' || row.challenge === 'insufficient_scope')
    t.match(challenge, `error="${row.challenge}"`)
  if (row.retryAfterSeconds !== undefined) t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/)
}

/** Every code there is, for tests that walk the table. */
export const codes = Object.keys(problems) as ProblemCode[]
