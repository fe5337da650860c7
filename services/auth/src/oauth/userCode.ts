/** User codes of device authorizations: easy to type, hard to guess (RFC 8628 section 6.1). */
import { randomInt } from 'node:crypto'

/** No vowels, so that no words appear, and no letters that look like digits. */
const letters = 'BCDFGHJKLMNPQRSTVWXZ'
const length = 8

/** 34 bits. A guess needs a signed-in user, and wrong ones are limited. */
export function newUserCode(): string {
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join('')
}

/** @returns the code in the form that users see, `BCDF-GHJK` */
export function formatUserCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

/** Case, spaces and dashes do not matter. */
export function normalizeUserCode(text: string): string {
  return text.toUpperCase().replaceAll(/[^A-Z]/g, '')
}
