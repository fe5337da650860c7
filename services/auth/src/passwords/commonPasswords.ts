/** Common passwords and words, from the lists of zxcvbn-ts. */
import { dictionary } from '@zxcvbn-ts/language-common'

/** About 49,000 passwords in lower case. */
export const commonPasswords: ReadonlySet<string> = new Set(dictionary.passwords.map(String))

/** About 7,800 words of the Diceware list in lower case. */
export const passphraseWords: ReadonlySet<string> = new Set(dictionary.diceware.map(String))
