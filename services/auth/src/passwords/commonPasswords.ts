/** The passwords that everybody tries first: the list of a well-kept library, as a set. */
import { dictionary } from '@zxcvbn-ts/language-common'

/** Lower case, as they are compared. About 49,000 of them. */
export const commonPasswords: ReadonlySet<string> = new Set(dictionary.passwords.map(String))
