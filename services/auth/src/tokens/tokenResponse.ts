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

/** @returns the body */
export async function sendTokenResponse(
  reply: FastifyReply,
  { contents, refreshToken, transport, tokenDeps }: TokenResponse,
): Promise<SessionTokens> {
  const { accessTokens, cookie } = tokenDeps
  if (transport === 'cookie') cookie.write(reply, refreshToken, contents.remember ? contents.expiresAtMs : undefined)
  const response = await accessTokenResponse(contents, accessTokens)
  return transport === 'body' ? { ...response, refreshToken } : response
}

/** The same without a refresh token. */
export async function accessTokenResponse(
  contents: AccessTokenContents,
  accessTokens: AccessTokens,
): Promise<SessionTokens> {
  return {
    accessToken: await accessTokens.sign(contents),
    tokenType: 'Bearer',
    expiresIn: accessTokens.secondsOf(contents),
    sessionId: contents.sessionId,
    sessionExpiresAt: new Date(contents.expiresAtMs).toISOString(),
  }
}
