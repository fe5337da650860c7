/** `POST /session/renew` and `DELETE /session`: the routes that accept a refresh token. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LogoutRequest, ProblemError, problemDefinition, RenewRequest, SessionTokens } from '@gatehouse/contract'
import type { Caller, Verifier } from '@gatehouse/guard'
import type { FastifyRequest } from 'fastify'
import type { Db } from '../database/database.ts'
import { isClientToken } from '../http/authenticate.ts'
import { clientInfoOf, isAwaited } from '../http/clientInfo.ts'
import { idempotencyKeyOf } from '../http/idempotencyKey.ts'
import { requireOwnOrigin } from '../http/origin.ts'
import { waitPreference } from '../http/preferWait.ts'
import { problemResponses } from '../http/problemResponses.ts'
import type { Barrier } from '../revoke/barrier.ts'
import { isKeyWithdrawn } from '../store/signingKeys.ts'
import { firstParty } from '../tokens/firstParty.ts'
import type { RefreshCookie } from '../tokens/refreshCookie.ts'
import { decodeRefreshToken, type RefreshToken } from '../tokens/refreshToken.ts'
import { sendTokenResponse, type TokenResponseDeps } from '../tokens/tokenResponse.ts'
import { type RotateDeps, rotate } from './rotate.ts'

export interface RotateRoutes extends RotateDeps {
  barrier: Barrier
  maxWaitMs: number
  cookie: RefreshCookie
  cookiePath: string
  allowedOrigins: readonly string[]
  tokenDeps: TokenResponseDeps
  /** Accepts expired access tokens with a valid signature. */
  verifierIgnoringExpiry: Verifier
}

/** Problems after which the cookie is useless and is cleared. Other problems leave it in place. */
const cookieClearingCodes: readonly string[] = ['session-ended', 'session-expired', 'refresh-reused']

/** At most this many sessions per request: each costs statements. */
const maxSessions = 16

export const rotateRoutes: FastifyPluginAsyncTypebox<RotateRoutes> = async (app, deps) => {
  const { cookie, allowedOrigins, refreshKeys, revocations, barrier } = deps
  app.addHook('preValidation', (request, _reply, done) => {
    request.body ??= {}
    done()
  })

  // The usual mistake behind a gateway, where the browser sees another path than this service.
  const hint = `browsers send the cookie only below COOKIE_PATH, which is ${deps.cookiePath}`

  const presentedTokens = (request: FastifyRequest, body: { refreshToken?: string }) => {
    if (body.refreshToken !== undefined) return { transport: 'body' as const, tokens: [body.refreshToken] }
    const tokens = cookie.read(request)
    if (tokens.length > 0) requireOwnOrigin(request, allowedOrigins)
    return { transport: 'cookie' as const, tokens }
  }

  const renewal = {
    tags: ['session'],
    summary: 'Renew: a new access token and the successor of the refresh token',
    body: RenewRequest,
    response: {
      200: SessionTokens,
      ...problemResponses(
        'refresh-missing',
        'refresh-invalid',
        'session-expired',
        'session-ended',
        'refresh-reused',
        'origin-refused',
      ),
    },
  }
  app.post('/session/renew', { schema: renewal }, async (request, reply) => {
    const { transport, tokens } = presentedTokens(request, request.body)
    const idempotencyKey = idempotencyKeyOf(request)
    if (tokens.length === 0) throw new ProblemError('refresh-missing', `a renewal without a refresh token; ${hint}`)
    const candidates = newestOfEachSession(tokens, token => decodeRefreshToken(token, refreshKeys))
    const presented = { clientId: firstParty, idempotencyKey, isAwaited: () => isAwaited(request) }
    try {
      const rotated = await firstAccepted(candidates, refreshToken =>
        rotate(deps, { ...presented, refreshToken }, clientInfoOf(request)),
      )
      return await sendTokenResponse(reply, { ...rotated, transport, tokenDeps: deps.tokenDeps })
    } catch (error) {
      if (transport === 'cookie' && error instanceof ProblemError && cookieClearingCodes.includes(error.code))
        cookie.clear(reply)
      throw error
    }
  })

  const logout = {
    tags: ['session'],
    summary: 'Log out: idempotent; an expired access token is accepted',
    description: 'The header `Sessions-Ended` counts the sessions that this request ended: 0 if there was none.',
    body: LogoutRequest,
    response: {
      204: {},
      ...problemResponses('refresh-invalid', 'token-missing', 'token-invalid', 'insufficient-scope', 'origin-refused'),
    },
  }
  app.delete('/session', { schema: logout }, async (request, reply) => {
    const authorization = request.headers.authorization
    const { transport, tokens } = presentedTokens(request, request.body)
    const genuine = tokens.flatMap(token => decodeRefreshToken(token, refreshKeys) ?? [])
    if (tokens.length > 0 && genuine.length === 0) {
      if (transport === 'cookie') cookie.clear(reply)
      throw new ProblemError('refresh-invalid', 'a log-out with an invalid refresh token')
    }
    const context = { actor: null, ...clientInfoOf(request) }
    const sessionIds = genuine.map(({ sessionId }) => sessionId)
    // A client that holds only an access token may log out with it, expired or not: the signature proves the session.
    if (tokens.length === 0 && authorization !== undefined) {
      const { caller } = await deps.verifierIgnoringExpiry.verify(authorization)
      await assertOwnToken(deps.db, caller)
      sessionIds.push(caller.sid)
    }
    if (sessionIds.length === 0) request.log.info(`a log-out without a refresh token and an access token; ${hint}`)
    let ended = 0
    for (const sessionId of new Set(sessionIds.slice(0, maxSessions))) {
      const revoked = await revocations.endSessions({ kind: 'one', sessionId }, 'logged-out', context)
      ended += revoked.sessionsEnded
      await barrier.wait(revoked, waitPreference(request, reply, deps.maxWaitMs))
    }
    // Cleared last: without the cookie the client could not repeat a log-out that failed.
    if (transport === 'cookie') cookie.clear(reply)
    return reply.code(204).header('sessions-ended', ended).send()
  })
}

/**
 * The database is asked about the key, as on every route: this replica may not have read its withdrawal yet.
 * @throws ProblemError `token-invalid` for a withdrawn key; `insufficient-scope` for a token that belongs to the session of
 * another: a client acts for the user with it, or it is a service client's
 */
async function assertOwnToken(db: Db, { keyId, claims }: Caller): Promise<void> {
  if (await isKeyWithdrawn(db, keyId)) throw new ProblemError('token-invalid', 'its key was withdrawn')
  if (claims.act === undefined && !isClientToken(claims)) return
  throw new ProblemError('insufficient-scope', "a client's token for a log-out of the user", { scope: ['person'] })
}

/**
 * Tries each token until one is not refused: a browser may hold a stale copy of the cookie.
 * @throws the first refusal when all are refused; at once an error that leaves the state of a session unknown, so that the
 * client is not signed out
 */
async function firstAccepted<Result>(
  tokens: readonly string[],
  attempt: (token: string) => Promise<Result>,
): Promise<Result> {
  let refusal: unknown
  for (const token of tokens) {
    try {
      return await attempt(token)
    } catch (error) {
      if (!isRefused(error)) throw error
      refusal ??= error
    }
  }
  throw refusal
}

function isRefused(error: unknown): boolean {
  return error instanceof ProblemError && problemDefinition(error.code).action !== 'retry'
}

/** Leaves out older copies of the cookie, which must not be taken for reuse. */
function newestOfEachSession(tokens: string[], read: (token: string) => RefreshToken | undefined): string[] {
  if (tokens.length < 2) return tokens
  const decoded = tokens.flatMap(text => {
    const token = read(text)
    return token ? [{ text, ...token }] : []
  })
  const newest = new Map<string, (typeof decoded)[number]>()
  for (const token of decoded) {
    const known = newest.get(token.sessionId)
    if (known === undefined || known.generation < token.generation) newest.set(token.sessionId, token)
  }
  return newest.size === 0 ? tokens.slice(0, 1) : [...newest.values()].slice(0, maxSessions).map(({ text }) => text)
}
