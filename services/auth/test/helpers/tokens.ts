/** Looking into tokens, and asking the feed about them as a guard would. */
import type { AccessTokenClaims, RevocationEffect } from '@gatehouse/contract'
import { applyEntry, createRevocationIndex, lookup } from '@gatehouse/protocol'
import { readFeed } from '../../src/store/readFeed.ts'
import type { Stage } from './service.ts'

export function headerOf(accessToken: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString())
}

export function claimsOf(accessToken: string): AccessTokenClaims {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
}

/** The parts of a refresh token, for tests that change one of them. */
export function bytesOf(refreshToken: string): Buffer {
  return Buffer.from(refreshToken.slice('ghr_'.length), 'base64url')
}

export function generationOf(refreshToken: string): number {
  return bytesOf(refreshToken).readUInt32BE(18)
}

/** Which entry of the feed covers the token, if one does: what a guard decides that holds them all. */
export async function coveredAs(
  { database }: Pick<Stage, 'database'>,
  accessToken: string,
): Promise<RevocationEffect | undefined> {
  const { entries } = await readFeed(database.prisma, { after: 0, pageSize: 100_000 })
  const memory = createRevocationIndex()
  for (const entry of entries) applyEntry(memory, entry)
  return lookup(memory, claimsOf(accessToken))
}
