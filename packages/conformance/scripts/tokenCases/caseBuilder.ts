/** Makes the cases of `tokens.json`. */
import { vectorNowMs } from '../../src/settings.ts'
import { claimsAt, type KeyName, signToken, uuidOf, vectorKey } from '../../src/signToken.ts'
import type { TokenCase } from '../../src/vectors.ts'

/** The time of the vectors in seconds. */
export const now = vectorNowMs / 1000

/** Claims with ids that depend on the text. */
export function claims(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return claimsAt(vectorNowMs, overrides)
}

/** A token signed with a published key. */
export function token(overrides: Record<string, unknown> = {}, header: object | string = {}): string {
  return signToken(vectorKey('es256'), claims(overrides), header)
}

/** A token signed with the named key. */
export function tokenBy(name: KeyName, header: object | string = {}): string {
  return signToken(vectorKey(name), claims(), header)
}

/** A case for one token in a Bearer field. */
export function bearer(name: string, value: string, expect: TokenCase['expect'] = 'token-invalid'): TokenCase {
  return { name, authorization: [`Bearer ${value}`], expect }
}

/** A case for each claim value. */
export function claimCases(
  name: string,
  values: readonly unknown[],
  expect: TokenCase['expect'] = 'token-invalid',
): TokenCase[] {
  return values.map(value => {
    const text = value === undefined ? 'missing' : JSON.stringify(value)
    const shown = text.length > 40 ? `${text.slice(0, 30)}... (${text.length} characters)` : text
    return bearer(`claim ${name}: ${shown}`, token({ [name]: value }), expect)
  })
}

export { uuidOf }
