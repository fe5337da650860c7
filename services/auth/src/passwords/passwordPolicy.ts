/** Rules for new passwords: length, and resistance to guessing (NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS 6.2). */
import { malformed } from '@gatehouse/contract'
import { normalizePassword } from './argon2.ts'
import { commonPasswords } from './commonPasswords.ts'
import { guessableParts } from './guessableParts.ts'

export interface PasswordRules {
  /** In characters. */
  minLength: number
  /** Words of this installation, such as its host name. */
  contextWords: readonly string[]
}

export type RequireAcceptable = (password: string, options: { field: string; email: string }) => void

const maxLength = 128
/** A password that consists of this many guessable parts, or fewer, is refused. */
const maxGuessableParts = 2

/**
 * Creates the check with the rules of this installation.
 * @returns a function of the new password, of the name of its field in the request and of the account's e-mail address; it
 * throws ProblemError `request-malformed` with the reason, which never contains the password
 */
export function createPasswordPolicy(rules: PasswordRules): RequireAcceptable {
  return (password, { field, email }) => {
    const reason = rejectionReason(normalizePassword(password), { email, rules })
    if (reason !== undefined) throw malformed(field, reason)
  }
}

/**
 * Words that an attacker tries first: the product's name, and the labels of four or more characters of the host name.
 * @param issuer the public URL of the service; undefined where it is not known
 */
export function contextWordsOf(issuer: string | undefined): string[] {
  return ['gatehouse', ...(issuer === undefined ? [] : wordsOf(new URL(issuer).hostname))]
}

function rejectionReason(
  password: string,
  { email, rules }: { email: string; rules: PasswordRules },
): string | undefined {
  const { length } = [...password]
  if (length < rules.minLength) return `must have at least ${rules.minLength} characters`
  if (length > maxLength) return `must have at most ${maxLength} characters`
  const folded = password.toLowerCase()
  if (commonPasswords.has(folded)) return 'is a common password'
  if (folded === email.toLowerCase()) return 'must not be the e-mail address'
  const context = new Set([...rules.contextWords, ...wordsOf(email)])
  if (guessableParts(folded, context) <= maxGuessableParts)
    return 'is too easy to guess: common words, names of this service or the e-mail address, repetitions and sequences'
  return undefined
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word.length > 3)
}
