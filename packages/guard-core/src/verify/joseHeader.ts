/** Parses the header of a token before its signature is checked, and accepts its canonical form only. */
import { accessTokenType, ProblemError } from '@gatehouse/contract'
import { parseSegment } from './segment.ts'

/**
 * Parameters by which a token would choose its own key or rules (RFC 8725 sections 3.9 and 3.10,
 * RFC 7515 section 4.1.11).
 */
const forbiddenParameters = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'x5t', 'x5t#S256', 'b64', 'zip', 'enc']
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/
/**
 * The last characters without stray bits, by the number of characters after the last group of four
 * (RFC 4648 section 5).
 */
const canonicalLastCharacter = [alphabet, '', 'AQgw', 'AEIMQUYcgkosw048']

/** The key that the header names, and the algorithm that this key must have. */
export interface TokenHeader {
  kid: string
  alg: string
}

/**
 * Creates a parser for headers. Every form but the canonical one is `token-invalid`. Tokens of one
 * key have the same header, so the parser caches the last one.
 */
export function createHeaderParser(): (token: string) => TokenHeader {
  let last: { text: string; header: TokenHeader } | undefined
  return token => {
    if (!compact.test(token)) throw invalid('not a JWT in compact form')
    const payloadStart = token.indexOf('.') + 1
    const signatureStart = token.lastIndexOf('.') + 1
    const isCanonical =
      isCanonicalSegment(token, 0, payloadStart - 1) &&
      isCanonicalSegment(token, payloadStart, signatureStart - 1) &&
      isCanonicalSegment(token, signatureStart, token.length)
    if (!isCanonical) throw invalid('not a JWT in compact form')
    const text = token.slice(0, payloadStart - 1)
    if (last?.text !== text) last = { text, header: validateHeader(text) }
    return last.header
  }
}

/** Only one spelling of a token is accepted (RFC 4648 section 3.5). */
function isCanonicalSegment(token: string, start: number, end: number): boolean {
  return canonicalLastCharacter[(end - start) % 4]?.includes(token.charAt(end - 1)) === true
}

function validateHeader(text: string): TokenHeader {
  const header = decodeHeader(text)
  for (const name of forbiddenParameters) if (Object.hasOwn(header, name)) throw invalid(`header has ${name}`)
  const { kid, alg, typ } = header
  if (!isAccessTokenType(typ)) throw invalid('another type of token')
  if (typeof kid !== 'string' || kid === '' || kid.length > 200) throw invalid('no kid')
  if (typeof alg !== 'string') throw invalid('no algorithm')
  return { kid, alg }
}

/** Media types are case-insensitive, and the prefix can be omitted (RFC 7515 section 4.1.9). */
function isAccessTokenType(typ: unknown): boolean {
  return typeof typ === 'string' && typ.toLowerCase().replace(/^application\//, '') === accessTokenType
}

function decodeHeader(text: string): Record<string, unknown> {
  try {
    return parseSegment(text)
  } catch {
    throw invalid('the header is not a JSON object')
  }
}

function invalid(why: string): ProblemError {
  return new ProblemError('token-invalid', why)
}
