/** Parses the header and the payload of a token as strict JSON. */
import { decodeUtf8, parseStrictJson, StrictJsonError } from '@gatehouse/contract'

const maxDepth = 5

/** @throws StrictJsonError when the segment is not one strict JSON object */
export function parseSegment(segment: string): Record<string, unknown> {
  const value = parseStrictJson(decodeUtf8(Buffer.from(segment, 'base64url')), maxDepth)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new StrictJsonError('is not an object')
}
