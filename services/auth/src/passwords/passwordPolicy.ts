/** Rules for new passwords: length, and resistance to guessing (NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS 6.2). */
import { ProblemError } from '@gatehouse/contract'
import { normalizePassword } from './argon2.ts'
import { commonPasswords } from './commonPasswords.ts'
import { guessableParts } from './guessableParts.ts'

export interface PasswordRules {
  /** In characters. */
  minLength: number
  /** Words of this installation, such as its host name. */
  contextWords: readonly string[]
}

/** 15 characters: the minimum where the password is the only factor (NIST SP 800-63B-4 section 3.1.1.2). */
export const defaultPasswordRules: PasswordRules = { minLength: 15, contextWords: ['gatehouse'] }

export type RequireAcceptable = (password: string, options: { field: string; email: string }) => void

const maxLength = 128
/** A password that consists of this many guessable parts, or fewer, is refused. */
const maxGuessableParts = 2

/**
 * @param password the new password
 * @param options `field` names the password in the request; `email` is the account's
 * @param rules length and context words
 * @throws ProblemError `request-malformed` with the reason; it never contains the password
 */
export function requireAcceptablePassword(
  password: string,
  { field, email }: { field: string; email: string },
  rules: PasswordRules = defaultPasswordRules,
): void {
  const reason = rejectionReason(normalizePassword(password), { email, rules })
  if (reason !== undefined)
    throw new ProblemError('request-malformed', 'a new password is refused', { fields: [{ field, reason }] })
}

/** @returns the check with the rules of this installation */
export function createPasswordPolicy(rules: PasswordRules): RequireAcceptable {
  return (password, options) => requireAcceptablePassword(password, options, rules)
}

/** The parts of a host name that an attacker tries first: labels of four or more characters. */
export function contextWordsOf(issuer: string): string[] {
  return ['gatehouse', ...wordsOf(new URL(issuer).hostname)]
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
