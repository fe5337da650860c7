/** The two parts of a token that are JSON, taken strictly: nothing in them may be read in two ways. */
import { assertStrictJson, decodeUtf8, parseStrictJson, StrictJsonError } from '@gatehouse/http'

const maxDepth = 5

/** @throws StrictJsonError */
export function parseSegment(part: string): Record<string, unknown> {
  const value = parseStrictJson(decoded(part), maxDepth)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new StrictJsonError('is not an object')
}

/** For a part that has been parsed already. @throws StrictJsonError */
export function assertStrictSegment(part: string, value: Record<string, unknown>): void {
  assertStrictJson(decoded(part), value, maxDepth)
}

function decoded(part: string): string {
  return decodeUtf8(Buffer.from(part, 'base64url'))
}
