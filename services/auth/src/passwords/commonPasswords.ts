/** The most common passwords, from the word lists of zxcvbn-ts. */
import { dictionary } from '@zxcvbn-ts/language-common'

/** About 49,000 passwords in lower case. */
export const commonPasswords: ReadonlySet<string> = new Set(dictionary.passwords.map(String))
