/** Reads the credentials of a service client: HTTP Basic, form-encoded (RFC 6749 section 2.3.1). */
import { ProblemError } from '@gatehouse/contract'
import { sha256 } from '../keys/hmac.ts'

/** @throws ProblemError `client-invalid` when the credentials are missing or malformed */
export function basicCredentials(authorization: string | undefined): { id: string; secretHash: Buffer } {
  const { id, secret } = decodeBasic(authorization)
  return { id, secretHash: sha256(secret) }
}

/** @throws ProblemError `client-invalid` when the header is missing or malformed; the secret can be empty */
export function decodeBasic(authorization: string | undefined): { id: string; secret: string } {
  const encoded = authorization?.match(/^Basic ([A-Za-z0-9+/]{1,1000}={0,2})$/i)?.[1]
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  if (colon < 1) throw new ProblemError('client-invalid', 'no client credentials')
  const id = formDecode(decoded.slice(0, colon))
  // PostgreSQL rejects NUL in text, and with it the whole batch of polls that contains it.
  if (id.includes('\0')) throw new ProblemError('client-invalid', 'a client id with NUL')
  return { id, secret: formDecode(decoded.slice(colon + 1)) }
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new ProblemError('client-invalid', 'client credentials are not form-encoded')
  }
}
