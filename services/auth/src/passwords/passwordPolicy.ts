/** What a new password must be: long enough, and not one that everybody tries (NIST SP 800-63B, OWASP ASVS 6.2). */
import { ProblemError } from '@gatehouse/contract'
import { normalizePassword } from './argon2.ts'
import { commonPasswords } from './commonPasswords.ts'

const minLength = 8
const maxLength = 128

/**
 * @param field where the password stood in the request
 * @throws Refusal `request-malformed` with the reason; the password itself is never repeated
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
  if (commonPasswords.has(folded)) return 'is one of the passwords that everybody tries first'
  const [name = ''] = email.toLowerCase().split('@')
  if (folded === email.toLowerCase() || (name.length > 3 && folded === name)) return 'must not be the e-mail address'
  if (new Set(folded).size < 3) return 'must not be one or two characters repeated'
  return undefined
}
