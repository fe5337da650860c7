/**
 * Counts the parts that an attacker has to guess in a password: common words, sequences, repetitions, single characters.
 *
 * A list of common passwords of 15 characters or more is short, because people extend shorter ones: they repeat them, join two,
 * and append a year. So the password is divided into the fewest parts instead.
 */
import { commonPasswords, passphraseWords } from './commonPasswords.ts'

const minWord = 3
const maxWord = 24
const keyboardRows = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
  '1234567890',
  'abcdefghijklmnopqrstuvwxyz',
]
const sequences = keyboardRows.flatMap(row => [row, [...row].reverse().join('')]).map(row => row + row)
const substitutions: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
}

/**
 * @param folded the password in lower case
 * @param context further words that count as common
 * @returns the number of parts of the cheapest division, with and without common substitutions such as `0` for `o`
 */
export function guessableParts(folded: string, context: ReadonlySet<string>): number {
  const plain = [...folded].map(letter => substitutions[letter] ?? letter).join('')
  return Math.min(...[folded, plain].map(text => fewestParts([...text].join(''), context)))
}

interface Division {
  parts: number
  /** The last word: its repetition costs nothing. */
  last: string
}

function fewestParts(text: string, context: ReadonlySet<string>): number {
  const best: Division[] = [{ parts: 0, last: '' }]
  for (let end = 1; end <= text.length; end += 1) {
    let cheapest: Division = { parts: Number.POSITIVE_INFINITY, last: '' }
    for (let start = Math.max(0, end - maxWord); start < end; start += 1) {
      const before = best[start]
      if (before === undefined) continue
      const part = text.slice(start, end)
      const parts = before.parts + costOf(part, before.last, context)
      if (parts < cheapest.parts) cheapest = { parts, last: isFree(part) ? before.last : part }
    }
    best.push(cheapest)
  }
  return best.at(-1)?.parts ?? 0
}

/** Separators, and digits up to the length of a date, add little: attackers try them. */
function isFree(part: string): boolean {
  return /^(?:[^\p{L}\p{N}]+|\d{1,8})$/u.test(part)
}

function costOf(part: string, last: string, context: ReadonlySet<string>): number {
  if (isFree(part) || part === last) return 0
  if (part.length === 1) return 1
  if (part.length < minWord) return Number.POSITIVE_INFINITY
  const isGuessable =
    commonPasswords.has(part) ||
    passphraseWords.has(part) ||
    context.has(part) ||
    sequences.some(sequence => sequence.includes(part)) ||
    /^(.{1,4})\1+$/u.test(part)
  return isGuessable ? 1 : Number.POSITIVE_INFINITY
}
