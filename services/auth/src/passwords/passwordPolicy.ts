/** Rules for new passwords: length and no common password (NIST SP 800-63B, OWASP ASVS 6.2). */
import { ProblemError } from '@gatehouse/contract'
import { normalizePassword } from './argon2.ts'
import { commonPasswords } from './commonPasswords.ts'

const minLength = 8
const maxLength = 128

/**
 * @param options `field` names the password in the request; `email` is the account's
 * @throws ProblemError `request-malformed` with the reason; it never contains the password
 */
export function requireAcceptablePassword(password: string, { field, email }: { field: string; email: string }): void {
  const reason = rejectionReason(normalizePassword(password), email)
  if (reason !== undefined)
    throw new ProblemError('request-malformed', 'a new password is refused', { fields: [{ field, reason }] })
}

function rejectionReason(password: string, email: string): string | undefined {
  const { length } = [...password]
  if (length < minLength) return `must have at least ${minLength} characters`
  if (length > maxLength) return `must have at most ${maxLength} characters`
  const folded = password.toLowerCase()
  if (commonPasswords.has(folded)) return 'is a common password'
  const [name = ''] = email.toLowerCase().split('@')
  if (folded === email.toLowerCase() || (name.length > 3 && folded === name)) return 'must not be the e-mail address'
  if (new Set(folded).size < 3) return 'must not be one or two characters repeated'
  return undefined
}
