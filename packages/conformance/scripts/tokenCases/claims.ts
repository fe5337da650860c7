/** Cases about claims. */
import { requiredClaims } from '@gatehouse/contract'
import { audience } from '../../src/settings.ts'
import { signToken, vectorKey } from '../../src/signToken.ts'
import type { TokenCase } from '../../src/vectors.ts'
import { bearer, claimCases, claims, now, token } from './caseBuilder.ts'

const long = 'x'.repeat(1025)
const expired = { iat: now - 400, exp: now - 100, auth_time: now - 400 }

export const validClaims: TokenCase[] = [
  bearer('valid', token(), 'pass'),
  ...claimCases('aud', [audience, [audience], ['elsewhere', audience]], 'pass'),
  ...claimCases('scope', [undefined, '', 'a', 'a b:c d/e'], 'pass'),
  ...claimCases('roles', [undefined, [], ['admin', 'user']], 'pass'),
  ...claimCases('auth_time', [undefined, now - 86_000], 'pass'),
  ...claimCases('nbf', [undefined, now - 60, 1], 'pass'),
  ...claimCases('epoch', [0, 7, 9_007_199_254_740_991], 'pass'),
  ...claimCases('global_epoch', [3], 'pass'),
  ...claimCases('sub', ['a-service-client', 'x'.repeat(1024)], 'pass'),
  ...claimCases('unknown', [null, { a: [1] }, 'text'], 'pass'),
  bearer('claims: a lifetime of 24 hours', token({ iat: now - 60, exp: now + 86_340 }), 'pass'),
  bearer('claims: a whole number written as 1.0', numberText('1.0'), 'pass'),
  bearer('claims: a whole number written as 1e0', numberText('1e0'), 'pass'),
]

/** Replaces the value of `epoch` in the text of the payload. */
function numberText(text: string): string {
  return signToken(vectorKey('es256'), JSON.stringify(claims()).replace(/"epoch":0/, `"epoch":${text}`))
}

export const invalidClaims: TokenCase[] = [
  ...requiredClaims.flatMap(name => claimCases(name, [undefined, null])),
  ...claimCases('iss', [
    'https://evil.example',
    'https://auth.example/',
    'http://auth.example',
    '',
    7,
    ['https://auth.example'],
  ]),
  ...claimCases('aud', ['elsewhere', '', [], ['elsewhere'], [7], {}, [audience, ''], [audience, 7], 'WAREHOUSE']),
  ...claimCases('aud', [Array.from({ length: 21 }, () => audience)]),
  ...claimCases('sub', ['', 7, { id: 1 }, [], true, long]),
  ...claimCases('sid', ['', 7, [], long]),
  ...claimCases('jti', ['', 7, long]),
  ...claimCases('client_id', ['', false, long]),
  ...claimCases('iat', [0, -1, now - 0.5, String(now), true, [], now + 60, 9_007_199_254_740_992]),
  ...claimCases('exp', [0, -1, now + 0.5, String(now + 300), {}, now - 61, now + 31_536_000]),
  ...claimCases('nbf', [null, 'now', now - 0.5, -1, 0, now + 60]),
  ...claimCases('auth_time', [null, 'now', -1, 0, now + 60]),
  ...claimCases('epoch', ['0', -1, 0.5, 9_007_199_254_740_992, true]),
  ...claimCases('global_epoch', ['0', -1, 0.5, []]),
  ...claimCases('scope', [
    null,
    7,
    ['storage:restricted'],
    'a  b',
    ' a',
    'a ',
    'a\tb',
    'a\r\nx: b',
    'a"b',
    'a\\b',
    'ä',
  ]),
  ...claimCases('roles', [null, 'admin', [1], [''], [[]], {}, [long]]),
  bearer('claims: exp equals iat', token({ iat: now - 10, exp: now - 10 })),
  bearer('claims: a lifetime longer than 24 hours', token({ iat: now - 60, exp: now + 86_341 })),
  bearer('claims: a number too large for JSON', numberText('1e999')),
]

export const timeCases: TokenCase[] = [
  bearer('time: expired', token(expired), 'token-expired'),
  bearer('time: expired long ago', token({ iat: 1, exp: 2, auth_time: 1 }), 'token-expired'),
  bearer('time: expired, for another audience', token({ ...expired, aud: 'elsewhere' })),
  bearer('time: expired, with another type', token(expired, { typ: 'JWT' })),
  bearer('time: expired, epoch negative', token({ ...expired, epoch: -1 })),
  { ...bearer('time: exp within the tolerance', token({ iat: now - 60, exp: now - 1 }), 'pass'), exact: true },
  { ...bearer('time: exp at the tolerance', token({ iat: now - 60, exp: now - 2 }), 'token-expired'), exact: true },
  { ...bearer('time: iat at the tolerance', token({ iat: now + 2, auth_time: now }), 'pass'), exact: true },
  { ...bearer('time: iat beyond the tolerance', token({ iat: now + 3, auth_time: now })), exact: true },
  { ...bearer('time: nbf at the tolerance', token({ nbf: now + 2 }), 'pass'), exact: true },
  { ...bearer('time: nbf beyond the tolerance', token({ nbf: now + 3 })), exact: true },
]
