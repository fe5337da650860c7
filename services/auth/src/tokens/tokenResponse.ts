/** Sends a token response: the refresh token in the body or as a cookie. */
import type { SessionTokens } from '@gatehouse/contract'
import type { FastifyReply } from 'fastify'
import type { AccessTokenContents } from '../store/accessTokenContents.ts'
import type { AccessTokens } from './accessTokens.ts'
import type { RefreshCookie } from './refreshCookie.ts'

export interface TokenResponseDeps {
  accessTokens: AccessTokens
  cookie: RefreshCookie
}

export interface TokenResponse {
  contents: AccessTokenContents
  refreshToken: string
  transport: 'cookie' | 'body'
  tokenDeps: TokenResponseDeps
}

/** Sets `Cache-Control: no-store` (RFC 6749 section 5.1) and returns the body. */
export async function sendTokenResponse(
  reply: FastifyReply,
  { contents, refreshToken, transport, tokenDeps }: TokenResponse,
): Promise<SessionTokens> {
  const { accessTokens, cookie } = tokenDeps
  if (transport === 'cookie') cookie.write(reply, refreshToken, contents.remember ? contents.expiresAtMs : undefined)
  const response = await accessTokenResponse(reply, contents, accessTokens)
  return transport === 'body' ? { ...response, refreshToken } : response
}

/** The same without a refresh token. */
export async function accessTokenResponse(
  reply: FastifyReply,
  contents: AccessTokenContents,
  accessTokens: AccessTokens,
): Promise<SessionTokens> {
  reply.header('cache-control', 'no-store')
  return {
    accessToken: await accessTokens.sign(contents),
    tokenType: 'Bearer',
    expiresIn: accessTokens.secondsOf(contents),
    sessionId: contents.sessionId,
    sessionExpiresAt: new Date(contents.expiresAtMs).toISOString(),
  }
}
