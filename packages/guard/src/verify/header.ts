/** Reads what a token says of itself before any signature is checked, refusing every form that is not the canonical one. */
import { accessTokenType, ProblemError } from '@gatehouse/contract'
import { parseSegment } from './segment.ts'

/** Headers that would let a token bring its own key or its own rules (RFC 8725 sections 3.9 and 3.10, RFC 7515 section 4.1.11). */
const forbiddenParameters = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'x5t', 'x5t#S256', 'b64', 'zip', 'enc']
const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** By how many characters stand after the last four: what the last may be, if it is to have no stray bits (RFC 4648 section 5). */
const canonicalLastCharacter = [/./, /(?!)/, /[AQgw]/, /[AEIMQUYcgkosw048]/]

/** What the header asks for: the key by name, and the algorithm that this key must be of. */
export interface TokenHeader {
  kid: string
  alg: string
}

/**
 * Reads the header of a token in its one canonical form. Anything else is `token-invalid`, never a fault of ours.
 *
 * Tokens of one key have the same header, so what the last one asked for is remembered.
 */
export function createHeaderParser(): (token: string) => TokenHeader {
  let last: { text: string; header: TokenHeader } | undefined
  return token => {
    const parts = token.split('.')
    if (!compact.test(token) || !parts.every(isCanonical)) throw invalid('not a JWT in compact form')
    const [text = ''] = parts
    if (last?.text !== text) last = { text, header: validateHeader(text) }
    return last.header
  }
}

/** One token has one spelling. */
function isCanonical(part: string): boolean {
  return canonicalLastCharacter[part.length % 4]?.test(part.charAt(part.length - 1)) === true
}

function validateHeader(text: string): TokenHeader {
  const header = decodeHeader(text)
  for (const name of forbiddenParameters) if (Object.hasOwn(header, name)) throw invalid(`header has ${name}`)
  const { kid, alg, typ } = header
  if (typ !== accessTokenType && typ !== `application/${accessTokenType}`) throw invalid('another type of token')
  if (typeof kid !== 'string' || kid === '' || kid.length > 200) throw invalid('no kid')
  if (typeof alg !== 'string') throw invalid('no algorithm')
  return { kid, alg }
}

function decodeHeader(text: string): Record<string, unknown> {
  try {
    return parseSegment(text)
  } catch {
    throw invalid('the header is not one plain JSON object')
  }
}

function invalid(why: string): ProblemError {
  return new ProblemError('token-invalid', why)
}
