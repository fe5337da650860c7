/** Every malformed token gets its problem. */
import { createHmac } from 'node:crypto'
import { requiredClaims } from '@gatehouse/contract'
import { createVerifier, staticKeys } from '@gatehouse/guard-core'
import {
  audience,
  base64url,
  bearer,
  claimsAt,
  issuer,
  problemCodeOf,
  problemMismatch,
  signed,
  signingKey,
  startMs,
  tokenOf,
} from '@gatehouse/testkit'
import t from 'tap'
import { createHeaderParser } from '../../src/verify/joseHeader.ts'
import { guarded } from '../helpers/guardedServer.ts'

/** RFC 4648 section 5. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** @conforms RFC 9068 section 4: a token with another type, issuer, audience, algorithm or signature is refused. */
/** @conforms RFC 8725 section 3.1: only the algorithms of the service are accepted, whatever the header says. */
t.test('verify: each malformed token is refused with token-invalid', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  const { key, token } = service
  const other = signingKey()
  const claims = claimsAt(startMs)
  const now = startMs / 1000
  const [head = '', body = '', tail = ''] = token().split('.')
  const hmac = (input: string) => `${input}.${createHmac('sha256', key.pem).update(input).digest('base64url')}`
  const invalid: Record<string, string> = {
    'alg none': `${base64url({ alg: 'none', typ: 'at+jwt', kid: key.kid })}.${body}.`,
    'alg none with a signature': tokenOf(key, claims, { alg: 'none' }),
    'HMAC under the bytes of the public key': hmac(
      `${base64url({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })}.${body}`,
    ),
    'the signature of another key': tokenOf({ ...other, kid: key.kid }, claims),
    'an unknown kid': tokenOf(other, claims),
    'another algorithm named': tokenOf(key, claims, { alg: 'RS256' }),
    'no kid': tokenOf(key, claims, { kid: undefined }),
    'a kid that is a path': tokenOf(key, claims, { kid: '../../../../dev/null' }),
    'a kid that is SQL': tokenOf(key, claims, { kid: "' OR 1=1 --" }),
    'a kid that is a number': tokenOf(key, claims, { kid: 7 }),
    'a key of its own': tokenOf(other, claims, { kid: key.kid, jwk: other.jwk }),
    'a key address of its own': tokenOf(key, claims, { jku: 'http://127.0.0.1:1/keys' }),
    'a certificate address of its own': tokenOf(key, claims, { x5u: 'http://127.0.0.1:1/' }),
    'a certificate of its own': tokenOf(key, claims, { x5c: ['MII'] }),
    'a critical extension': tokenOf(key, claims, { crit: ['exp'] }),
    'an empty list of critical extensions': tokenOf(key, claims, { crit: [] }),
    'typ JWT': tokenOf(key, claims, { typ: 'JWT' }),
    'no typ': tokenOf(key, claims, { typ: undefined }),
    'typ in an array': tokenOf(key, claims, { typ: ['at+jwt'] }),
    'a member of the header twice': tokenOf(key, claims, `{"alg":"ES256","typ":"at+jwt","kid":"x","kid":"${key.kid}"}`),
    'a claim twice': tokenOf(key, `${JSON.stringify(claims).slice(0, -1)},"sub":"mallory"}`),
    'a claim twice, once escaped': tokenOf(key, `${JSON.stringify(claims).slice(0, -1)},"s\\u0075b":"mallory"}`),
    'claims nested deep': tokenOf(key, { ...claims, deep: [[[[[[1]]]]]] }),
    'a claim called __proto__': tokenOf(key, `${JSON.stringify(claims).slice(0, -1)},"__proto__":{}}`),
    'claims that are an array': tokenOf(key, [claims]),
    'claims that are not JSON': tokenOf(key, 'hello'),
    'a header that is not JSON': tokenOf(key, claims, 'hello'),
    'a header that is null': tokenOf(key, claims, 'null'),
    'invalid UTF-8': signed(key, `${head}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}`),
    padding: `${head}.${body}.${tail}=`,
    'a trailing dot': `${head}.${body}.${tail}.`,
    'two parts': `${head}.${body}`,
    'five parts': `${head}.${body}.${tail}.${tail}.${tail}`,
    'no signature': `${head}.${body}.`,
    'the other base64 alphabet': `${head}.${body}.${tail.slice(0, -2)}+/`,
    'stray bits in the last character': `${head}.${body}.${nextCharacter(tail)}`,
    'an altered claim': `${head}.${base64url(claimsAt(startMs))}.${tail}`,
    'a signature of zeros': `${head}.${body}.${'A'.repeat(86)}`,
    'a huge token': token({ padding: 'x'.repeat(5000) }),
    'not a JWT': 'hello',
    'another issuer': token({ iss: 'https://evil.example' }),
    'the issuer with a slash': token({ iss: 'https://auth.example/' }),
    'another audience': token({ aud: 'elsewhere' }),
    'several other audiences': token({ aud: ['shop', 'elsewhere'] }),
    'no audience in the list': token({ aud: [] }),
    'an audience that is no string': token({ aud: [7] }),
    'not yet valid': token({ nbf: now + 60 }),
    'issued in the future': token({ iat: now + 60 }),
    'expiry before issue': token({ iat: now, exp: now - 1 }),
    'a life of a year': token({ exp: now + 31_536_000 }),
    'expiry as a string': token({ exp: String(now + 300) }),
    'a fractional expiry': token({ exp: now + 0.5 }),
    'a negative issue': token({ iat: -1 }),
    'an infinite expiry': tokenOf(key, JSON.stringify(claims).replace(/"exp":\d+/, '"exp":1e999')),
    'a fractional nbf': token({ nbf: now - 0.5 }),
    'nbf as a string': token({ nbf: 'now' }),
    'nbf null': token({ nbf: null }),
    'auth_time in the future': token({ auth_time: now + 60 }),
    'roles as a string': token({ roles: 'admin' }),
    'roles of numbers': token({ roles: [1] }),
    'scope as an array': token({ scope: ['storage:restricted'] }),
    'scope with a line break': token({ scope: 'a\r\nx-auth-subject: b' }),
    'sub empty': token({ sub: '' }),
    'sub an object': token({ sub: { id: 1 } }),
    'epoch as a string': token({ epoch: '0' }),
    'epoch negative': token({ epoch: -1 }),
  }
  for (const name of requiredClaims) invalid[`${name} missing`] = token({ [name]: undefined })
  for (const [name, malformed] of Object.entries(invalid)) {
    t.equal(problemMismatch(await service.send('/me', bearer(malformed)), 'token-invalid'), null, name)
  }
  const { headers } = await service.send('/me', bearer('hello'))
  t.match(headers['www-authenticate'], /error="invalid_token"/)
  t.equal(service.guard.state().tokensCached, 0, 'no malformed token is cached')
  t.equal(service.auth.counts.keys, 0, 'no malformed token causes a fetch')
})

/** @conforms RFC 7519 section 4.1.3: `aud` can be a list that contains the service. */
t.test('verify: typ is case-insensitive, and aud can be a list that contains this service', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  const { key, token } = service
  for (const typ of ['AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])
    t.match(await service.send('/me', bearer(tokenOf(key, claimsAt(startMs), { typ }))), { status: 200 }, typ)
  for (const aud of [['warehouse'], ['elsewhere', 'warehouse']])
    t.match(await service.send('/me', bearer(token({ aud }))), { status: 200 }, aud.join())
})

t.test('verify: an expired token is token-expired only when everything else is valid', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  const now = startMs / 1000
  const expired = { iat: now - 400, exp: now - 100, auth_time: now - 400 }
  t.equal(problemMismatch(await service.send('/me', bearer(service.token(expired))), 'token-expired'), null)
  const elsewhere = bearer(service.token({ ...expired, aud: 'elsewhere' }))
  t.equal(problemMismatch(await service.send('/me', elsewhere), 'token-invalid'), null)
})

t.test('verify: accepts times within the clock tolerance and no further', async t => {
  const service = await guarded({ clockToleranceMs: 5000 })
  t.teardown(service.stop)
  await service.guard.ready()
  const now = startMs / 1000
  const good = [{ exp: now - 4, iat: now - 300 }, { iat: now + 5 }, { nbf: now + 5 }]
  for (const over of good) t.match(await service.send('/me', bearer(service.token(over))), { status: 200 })
  const late = bearer(service.token({ exp: now - 5, iat: now - 300 }))
  t.equal(problemMismatch(await service.send('/me', late), 'token-expired'), null)
  t.equal(problemMismatch(await service.send('/me', bearer(service.token({ iat: now + 6 }))), 'token-invalid'), null)
})

/** @conforms RFC 6750 section 2.1: only one Bearer header is accepted; two are `invalid_request`. */
t.test('verify: a request without exactly one valid Bearer header is token-missing or request-malformed', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  const token = service.token()
  for (const authorization of ['Basic dXNlcjpwYXNz', 'Digest username="x"', '']) {
    const answered = await service.send('/me', { authorization })
    t.equal(problemMismatch(answered, 'token-missing'), null, `token-missing: ${authorization}`)
    t.notMatch(answered.headers['www-authenticate'], /error=/, 'a challenge without an error')
  }
  t.equal(problemMismatch(await service.send('/me'), 'token-missing'), null)

  const malformed: Record<string, string | string[]>[] = [
    { authorization: 'Bearer a b' },
    { authorization: 'Bearer' },
    { authorization: `Bearer ${token}, Bearer ${token}` },
    { authorization: token },
    { authorization: [`Bearer ${token}`, `Bearer ${token}`] },
    { authorization: [`Bearer ${token}`, 'Basic dXNlcjpwYXNz'] },
  ]
  for (const headers of malformed) {
    const answered = await service.send('/me', headers)
    t.equal(problemMismatch(answered, 'request-malformed'), null, JSON.stringify(headers).slice(0, 60))
    t.match(answered.headers['www-authenticate'], /error="invalid_request"/)
  }
  for (const headers of [bearer(token), {}]) {
    t.equal(problemMismatch(await service.send(`/me?access_token=${token}`, headers), 'request-malformed'), null)
  }
  t.match(
    await service.send('/me', { authorization: `bearer ${token}` }),
    { status: 200 },
    'the scheme is case-insensitive',
  )
})

/** Another spelling of the last character that decodes to the same bytes. */
function nextCharacter(text: string): string {
  return text.slice(0, -1) + alphabet.charAt(alphabet.indexOf(text.slice(-1)) + 1)
}

t.test('verify: the cached header of one key is not used for another', async t => {
  const [one, other, foreign] = [signingKey(), signingKey(), signingKey()]
  const keys = staticKeys([{ pem: one.pem }, { pem: other.pem }])
  const verifier = createVerifier({ issuer, audience, timeMs: () => startMs, keys })
  for (const key of [one, other, one, foreign, foreign, other]) {
    const verified = async () => verifier.verify(`Bearer ${tokenOf(key, claimsAt(startMs))}`)
    if (key === foreign) t.equal(await problemCodeOf(verified), 'token-invalid')
    else t.equal((await verified()).key.kid, key.kid)
  }
})

t.test('verify: accepts only the canonical base64url spelling of a segment', t => {
  const [head = '', body = ''] = tokenOf(signingKey(), claimsAt(startMs)).split('.')
  const read = createHeaderParser()
  for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 85, 86, 87, 88]) {
    for (const last of alphabet) {
      const part = last.padStart(length, 'x')
      const isCanonical = Buffer.from(part, 'base64url').toString('base64url') === part
      if (isCanonical) read(`${head}.${body}.${part}`)
      else
        t.match(
          refusalOf(() => read(`${head}.${body}.${part}`)),
          { why: /not a JWT in compact form/ },
          part,
        )
    }
  }
  t.end()
})

function refusalOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
