/** Parses the header and the payload of a token as strict JSON. */
import { assertStrictJson, decodeUtf8, parseStrictJson, StrictJsonError } from '@gatehouse/contract'

const maxDepth = 5

/** @throws StrictJsonError when the segment is not one strict JSON object */
export function parseSegment(segment: string): Record<string, unknown> {
  const value = parseStrictJson(decode(segment), maxDepth)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new StrictJsonError('is not an object')
}

/** Checks a segment that has been parsed already. @throws StrictJsonError */
export function assertStrictSegment(segment: string, value: Record<string, unknown>): void {
  assertStrictJson(decode(segment), value, maxDepth)
}

function decode(segment: string): string {
  return decodeUtf8(Buffer.from(segment, 'base64url'))
}
