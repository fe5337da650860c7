/** Reads what a token says of itself before any signature is checked, refusing every form that is not the canonical one. */
import { isUtf8 } from 'node:buffer'
import { accessTokenType, Refusal } from '@gatehouse/contract'
import { parseStrictJson } from '../json.ts'

/** Headers that would let a token bring its own key or its own rules (RFC 8725 sections 3.9 and 3.10, RFC 7515 section 4.1.11). */
const refused = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'x5t', 'x5t#S256', 'b64', 'zip', 'enc']
const segment = /^[A-Za-z0-9_-]+$/
const maxDepth = 5

/** What the header asks for: the key by name, and the algorithm that this key must be of. */
export interface TokenHeader {
  kid: string
  alg: string
}

/** The header of a token in its one canonical form. Anything else is `token-invalid`, never a fault of ours. */
export function readHeader(token: string): TokenHeader {
  const parts = token.split('.')
  if (parts.length !== 3 || !parts.every(isCanonical)) throw invalid('not a JWT in compact form')
  const header = readSegment(parts[0])
  const payload = readSegment(parts[1])
  if (header === null || payload === null) throw invalid('header or payload is not one plain JSON object')
  for (const name of refused) if (Object.hasOwn(header, name)) throw invalid(`header has ${name}`)
  const { kid, alg, typ } = header
  if (typ !== accessTokenType && typ !== `application/${accessTokenType}`) throw invalid('another type of token')
  if (typeof kid !== 'string' || kid === '' || kid.length > 200) throw invalid('no kid')
  if (typeof alg !== 'string') throw invalid('no algorithm')
  return { kid, alg }
}

/** No padding, no foreign characters, no stray bits in the last character: one token has one spelling. */
function isCanonical(part: string): boolean {
  return segment.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part
}

function readSegment(part: string | undefined): Record<string, unknown> | null {
  try {
    const bytes = Buffer.from(part ?? '', 'base64url')
    if (!isUtf8(bytes)) return null
    const value = parseStrictJson(bytes.toString('utf8'), maxDepth)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

function invalid(why: string): Refusal {
  return new Refusal('token-invalid', why)
}
