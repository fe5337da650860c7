/** Cases about the compact form, the JOSE header, the payload's JSON, the signature and the key. */
import { createHmac } from 'node:crypto'
import { base64url, signInput, signToken, vectorKey } from '../../src/signToken.ts'
import type { TokenCase } from '../../src/vectors.ts'
import { bearer, claims, token, tokenBy } from './caseBuilder.ts'

const key = vectorKey('es256')
const foreign = vectorKey('foreign')
const valid = token()
const [head = '', body = '', tail = ''] = valid.split('.')
const payload = JSON.stringify(claims())
/** RFC 4648 section 5. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const strayBits = (text: string) => text.slice(0, -1) + alphabet.charAt(alphabet.indexOf(text.slice(-1)) + 1)
const withMembers = (cases: [name: string, member: string, expect?: 'pass'][]) =>
  cases.map(([name, member, expect]) =>
    bearer(`payload: ${name}`, signToken(key, `${payload.slice(0, -1)},${member}}`), expect),
  )
const hmac = (header: object) => {
  const input = `${base64url(header)}.${body}`
  return `${input}.${createHmac('sha256', JSON.stringify(key.jwk)).update(input).digest('base64url')}`
}
const bytes = (...values: (string | number)[]) =>
  base64url(Buffer.concat(values.map(value => (typeof value === 'string' ? Buffer.from(value) : Buffer.from([value])))))

export const compactForm: TokenCase[] = [
  bearer('form: not a JWT', 'hello'),
  bearer('form: two segments', `${head}.${body}`),
  bearer('form: four segments', `${valid}.${tail}`),
  bearer('form: five segments', `${valid}.${tail}.${tail}`),
  bearer('form: a trailing dot', `${valid}.`),
  bearer('form: a leading dot', `.${valid}`),
  bearer('form: an empty header', `.${body}.${tail}`),
  bearer('form: an empty payload', `${head}..${tail}`),
  bearer('form: an empty signature', `${head}.${body}.`),
  bearer('form: padding', `${valid}=`),
  bearer('form: the other base64 alphabet', `${head}.${body}.${tail.slice(0, -2)}+/`),
  bearer('form: stray bits in the signature', `${head}.${body}.${strayBits(tail)}`),
  bearer('form: a segment of 4n + 1 characters', `${head}.${body}.${tail.slice(0, 85)}`),
  bearer('form: longer than any token', token({ padding: 'x'.repeat(5000) })),
]

export const joseHeader: TokenCase[] = [
  ...['AT+JWT', 'application/at+jwt', 'Application/At+Jwt'].map(typ =>
    bearer(`header typ: ${typ}`, token({}, { typ }), 'pass'),
  ),
  ...['JWT', 'at+jwt ', '', 'text/at+jwt', 'logout+jwt', ['at+jwt'], 7, null, undefined].map(typ =>
    bearer(`header typ: ${JSON.stringify(typ)}`, token({}, { typ })),
  ),
  ...[undefined, null, '', 7, ['main-es256'], '../../../../dev/null', "' OR 1=1 --", 'MAIN-ES256', 'x'.repeat(201)].map(
    kid => bearer(`header kid: ${JSON.stringify(kid)?.slice(0, 30)}`, token({}, { kid })),
  ),
  ...['RS256', 'ES384', 'HS256', 'none', 'None', '', 'es256', ['ES256'], null, undefined].map(alg =>
    bearer(`header alg: ${JSON.stringify(alg)}`, token({}, { alg })),
  ),
  ...Object.entries({
    crit: ['exp'],
    jwk: foreign.jwk,
    jku: 'http://127.0.0.1:1/keys',
    x5u: 'http://127.0.0.1:1/',
    x5c: ['MII'],
    x5t: 'AAAA',
    'x5t#S256': 'AAAA',
    b64: true,
    zip: 'DEF',
    enc: 'A128GCM',
  }).map(([name, value]) => bearer(`header has ${name}`, token({}, { [name]: value }))),
  bearer('header crit: an empty list', token({}, { crit: [] })),
  bearer('header jwk: signed with that key', tokenBy('foreign', { kid: key.kid, jwk: foreign.jwk })),
  bearer('header: a member twice', token({}, `{"alg":"ES256","typ":"at+jwt","kid":"x","kid":"${key.kid}"}`)),
  bearer('header: not JSON', token({}, 'hello')),
  bearer('header: null', token({}, 'null')),
  bearer('header: an array', token({}, '[]')),
  bearer('header: an unknown parameter', token({}, { note: 'x' }), 'pass'),
]

export const payloadJson: TokenCase[] = [
  bearer('payload: not JSON', signToken(key, 'hello')),
  bearer('payload: empty text', signToken(key, ' ')),
  bearer('payload: an array', signToken(key, [claims()])),
  bearer('payload: null', signToken(key, 'null')),
  bearer('payload: two values', signToken(key, `${payload}{}`)),
  ...withMembers([
    ['a claim twice', '"sub":"mallory"'],
    ['a claim twice, once escaped', '"s\\u0075b":"mallory"'],
    ['a member twice inside a claim', '"x":{"a":1,"a":2}'],
    ['nested 5 levels', '"x":[[[[1]]]]', 'pass'],
    ['nested 6 levels', '"x":[[[[[1]]]]]'],
    ['a member __proto__', '"__proto__":{}'],
    ['a member constructor', '"x":{"constructor":1}'],
    ['a member prototype', '"prototype":1'],
    ['U+0000 in a string', '"x":"a\\u0000b"'],
    ['half a surrogate pair', '"x":"\\ud800"'],
    ['a whole surrogate pair', '"x":"\\ud83d\\ude00"', 'pass'],
    ['NaN', '"x":NaN'],
    ['Infinity', '"x":Infinity'],
    ['a comment', '"x":1/*y*/'],
  ]),
  bearer('payload: a trailing comma', signToken(key, `${payload.slice(0, -1)},}`)),
  bearer(
    'payload: spaces',
    signToken(
      key,
      payload.replaceAll(':', ' : ').replaceAll('https : ', 'https:').replaceAll('storage : ', 'storage:'),
    ),
    'pass',
  ),
  bearer('payload: a byte order mark', signInput(key, `${head}.${bytes(0xef, 0xbb, 0xbf, payload)}`)),
  bearer('payload: invalid UTF-8', signInput(key, `${head}.${bytes(payload.slice(0, -1), ',"x":"', 0xff, '"}')}`)),
  bearer(
    'payload: an overlong UTF-8 form',
    signInput(key, `${head}.${bytes(payload.slice(0, -1), ',"x":"', 0xc0, 0xaf, '"}')}`),
  ),
]

export const signatures: TokenCase[] = [
  bearer('signature: EdDSA', tokenBy('eddsa'), 'pass'),
  bearer('signature: RS256', tokenBy('rs256'), 'pass'),
  bearer('signature: of another key under a known kid', tokenBy('foreign', { kid: key.kid })),
  bearer('signature: of a key that is not published', tokenBy('foreign')),
  bearer('signature: of a published key with another algorithm', tokenBy('es384')),
  bearer('signature: of a published key for encryption', tokenBy('encryption')),
  bearer('signature: of a published RSA key of 1024 bits', tokenBy('smallRsa')),
  bearer('signature: the kid of another published key', tokenBy('eddsa', { kid: key.kid })),
  bearer('signature: the kid and algorithm of another published key', tokenBy('eddsa', { kid: key.kid, alg: 'ES256' })),
  bearer('signature: HMAC under the public key', hmac({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })),
  bearer('signature: HMAC under the public key, named ES256', hmac({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })),
  bearer(
    'signature: alg none without a signature',
    `${base64url({ alg: 'none', typ: 'at+jwt', kid: key.kid })}.${body}.`,
  ),
  bearer('signature: zeros', `${head}.${body}.${'A'.repeat(86)}`),
  bearer('signature: shortened', `${head}.${body}.${tail.slice(0, 84)}`),
  bearer('signature: lengthened', `${head}.${body}.${tail.slice(0, 84)}AAAA`),
  bearer('signature: of another payload', `${head}.${base64url(claims({ roles: ['admin'] }))}.${tail}`),
  bearer(
    'signature: of another header',
    `${base64url({ alg: 'ES256', typ: 'at+jwt', kid: key.kid, x: 1 })}.${body}.${tail}`,
  ),
  bearer('signature: in DER form', `${head}.${body}.${base64url(derOf(Buffer.from(tail, 'base64url')))}`),
]

/** ASN.1 DER, the form of OpenSSL (RFC 7518 section 3.4 requires r and s). */
function derOf(raw: Buffer): Buffer {
  const integer = (part: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), part])
  return Buffer.concat([Buffer.from([0x30, 70]), integer(raw.subarray(0, 32)), integer(raw.subarray(32))])
}
