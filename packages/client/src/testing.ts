/**
 * A fake auth service for tests of an application: sessions, rotation, retries and reuse as the real one decides them, without
 * network, database or password hashes. Its clock moves only by `advance`, so no test waits.
 */
import type { ProblemCode } from './problems.ts'
import { problemResponse, type Result, respond } from './testAnswers.ts'
import { createTestClock, type TestClock } from './testClock.ts'
import type { Clock } from './types.ts'

export type { TestClock }
export { problemResponse }

export interface TestAccount {
  email: string
  password: string
  isDisabled?: boolean
}

export interface TestAuthOptions {
  accounts?: TestAccount[]
  /** The URL of the fake service: the origin of every route. */
  url?: string
  accessTokenSeconds?: number
  retryWindowMs?: number
  /** A clock of the caller, instead of one that moves only by `advance`. */
  clock?: Clock
}

interface TestSession {
  id: string
  account: TestAccount
  generation: number
  isUsed: boolean
  rotatedAtMs: number
  key: string | null
  why?: ProblemCode
}

/** One answer instead of the real one, or a failure of the network. */
export type Intercept = (request: Request) => Response | undefined | Promise<Response | undefined>

export interface TestAuth {
  url: string
  clock: TestClock
  /** Give this to `createClient`; routes: those of sessions, and `GET` or `POST` of any other path, which needs a token. */
  fetch: typeof fetch
  /** Another browser: it has a cookie of its own. */
  browser(): typeof fetch
  sessions: ReadonlyMap<string, TestSession>
  /** Every request, as `POST /session/renew`. */
  calls: string[]
  /** Sees each request before the service does. Throwing is a failure of the network. */
  intercept: Intercept | undefined
  endSession(sessionId: string, why?: ProblemCode): void
}

export function createTestAuth(options: TestAuthOptions = {}): TestAuth {
  const { url = 'https://auth.test', accessTokenSeconds = 300, retryWindowMs = 30_000 } = options
  const accounts = options.accounts ?? [{ email: 'ada@example.org', password: 'correct horse battery staple' }]
  const testClock = createTestClock()
  const clock = options.clock ?? testClock
  const sessions = new Map<string, TestSession>()

  /** Tokens are readable: `refresh <session> <generation>` and `access <session> <expiry>`. */
  const refreshToken = ({ id, generation }: TestSession) => `refresh ${id} ${String(generation).padStart(20, '0')}`

  function tokens(session: TestSession, isBody: boolean) {
    const expiry = clock.nowMs() + accessTokenSeconds * 1000
    return {
      accessToken: `access.${session.id}.${expiry}.${Math.random().toString(36).slice(2)}`,
      tokenType: 'Bearer',
      expiresIn: accessTokenSeconds,
      sessionId: session.id,
      sessionExpiresAt: new Date(clock.wallMs() + 1e10).toISOString(),
      ...(isBody && { refreshToken: refreshToken(session) }),
    }
  }

  function logIn({ email, password, transport }: Record<string, unknown>): Result {
    const account = accounts.find(known => known.email === email && known.password === password)
    if (!account) return { code: 'credentials-invalid' }
    if (account.isDisabled) return { code: 'account-disabled' }
    const session: TestSession = {
      id: crypto.randomUUID(),
      account,
      generation: 0,
      isUsed: false,
      rotatedAtMs: 0,
      key: null,
    }
    sessions.set(session.id, session)
    const isBody = transport === 'body'
    return { status: 201, body: tokens(session, isBody), ...(!isBody && { cookie: refreshToken(session) }) }
  }

  function renew(presented: string | undefined, isBody: boolean, key: string | null): Result {
    if (!presented) return { code: 'refresh-missing' }
    const [, id = '', generation] = presented.split(' ')
    const session = sessions.get(id)
    if (!session) return { code: 'refresh-invalid' }
    const code = session.why ?? (session.account.isDisabled ? 'session-ended' : undefined)
    if (code) return { code, cookie: '' }
    const behind = session.generation - Number(generation)
    const isInWindow = clock.nowMs() < session.rotatedAtMs + retryWindowMs
    if (behind === 0) Object.assign(session, { generation: session.generation + 1, key, rotatedAtMs: clock.nowMs() })
    else if (behind !== 1 || !(isInWindow || (key !== null && key === session.key))) {
      session.why = 'session-ended'
      return { code: 'refresh-reused', cookie: '' }
    }
    return { status: 200, body: tokens(session, isBody), ...(!isBody && { cookie: refreshToken(session) }) }
  }

  function logOut(presented: string | undefined): Result {
    const session = sessions.get(presented?.split(' ')[1] ?? '')
    if (presented && !session) return { code: 'refresh-invalid', cookie: '' }
    if (session) session.why ??= 'session-ended'
    return { status: 204, cookie: '' }
  }

  /** What a guarded route answers. */
  function guard(authorization: string | null): Result {
    if (!authorization) return { code: 'token-missing' }
    const [kind, id = '', expiry] = authorization.replace('Bearer ', '').split('.')
    const session = sessions.get(id)
    if (kind !== 'access' || !session) return { code: 'token-invalid' }
    if (clock.nowMs() >= Number(expiry)) return { code: 'token-expired' }
    if (session.account.isDisabled) return { code: 'account-disabled' }
    if (session.why) return { code: session.why }
    return { status: 200, body: { email: session.account.email, sessionId: id } }
  }

  function reauthenticate(authorization: string | null, password: unknown): Result {
    const guarded = guard(authorization)
    const session = sessions.get(authorization?.split('.')[1] ?? '')
    if ('code' in guarded || !session) return guarded
    return session.account.password === password
      ? { status: 200, body: tokens(session, false) }
      : { code: 'password-wrong', fields: [{ field: 'body/password', reason: 'is not the current password' }] }
  }

  async function answer(request: Request, cookie: string): Promise<Result> {
    const path = /\/session(\/renew|\/reauthenticate)?$/.exec(new URL(request.url).pathname)?.[0]
    const route = `${request.method} ${path}`
    const authorization = request.headers.get('authorization')
    if (!path) return guard(authorization)
    const body = await request.json().catch(() => ({}))
    if (route === 'POST /session/reauthenticate') return reauthenticate(authorization, body.password)
    const presented: string | undefined = body.refreshToken ?? (cookie || undefined)
    const key = request.headers.get('idempotency-key')
    if (route === 'POST /session') return logIn(body)
    if (route === 'POST /session/renew') return renew(presented, !!body.refreshToken, key)
    return logOut(presented)
  }

  const auth: TestAuth = {
    url,
    clock: testClock,
    sessions,
    calls: [],
    intercept: undefined,
    fetch: (...request) => first(...request),
    browser() {
      let jar = ''
      return async (input, init) => {
        const request = new Request(input, init)
        auth.calls.push(`${request.method} ${new URL(request.url).pathname}`)
        const hasCookie = request.credentials === 'include'
        const intercepted = await auth.intercept?.(request)
        if (intercepted) return intercepted
        request.signal.throwIfAborted()
        const result = await answer(request, hasCookie ? jar : '')
        if (hasCookie && result.cookie !== undefined) jar = result.cookie
        request.signal.throwIfAborted()
        return respond(result)
      }
    },
    endSession(sessionId, why = 'session-ended') {
      const session = sessions.get(sessionId)
      if (session) session.why = why
    },
  }
  const first = auth.browser()
  return auth
}
