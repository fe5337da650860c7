/** The contents of `vectors/tokens.json`. */
import { audience, issuer, toleranceMs, vectorNowMs } from '../src/settings.ts'
import { publishedKeys } from '../src/signToken.ts'
import type { TokenVectors } from '../src/vectors.ts'
import { invalidClaims, timeCases, validClaims } from './tokenCases/claims.ts'
import { fields, rules } from './tokenCases/fields.ts'
import { compactForm, joseHeader, payloadJson, signatures } from './tokenCases/form.ts'

export function tokenVectors(): TokenVectors {
  const cases = [
    ...validClaims,
    ...invalidClaims,
    ...timeCases,
    ...compactForm,
    ...joseHeader,
    ...payloadJson,
    ...signatures,
    ...fields,
    ...rules,
  ]
  return { nowMs: vectorNowMs, issuer, audience, toleranceMs, jwks: publishedKeys(), cases }
}
