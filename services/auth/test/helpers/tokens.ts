/** Decodes tokens, and decides about them from the feed as a guard does. */
import type { AccessTokenClaims, RevocationEffect } from '@gatehouse/contract'
import { applyEntry, createRevocationIndex, lookup } from '@gatehouse/protocol'
import { readFeed } from '../../src/store/readFeed.ts'
import type { TestService } from './service.ts'

export function headerOf(accessToken: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString())
}

export function claimsOf(accessToken: string): AccessTokenClaims {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
}

/** The bytes of a refresh token, for tests that alter them. */
export function bytesOf(refreshToken: string): Buffer {
  return Buffer.from(refreshToken.slice('ghr_'.length), 'base64url')
}

export function generationOf(refreshToken: string): number {
  return bytesOf(refreshToken).readUInt32BE(18)
}

/** @returns the effect of the feed entry that covers the token, as a guard with all entries decides */
export async function effectOf(
  { database }: Pick<TestService, 'database'>,
  accessToken: string,
): Promise<RevocationEffect | undefined> {
  const { entries } = await readFeed(database.prisma, { after: 0, pageSize: 100_000 })
  const index = createRevocationIndex()
  for (const entry of entries) applyEntry(index, entry)
  return lookup(index, claimsOf(accessToken))
}
