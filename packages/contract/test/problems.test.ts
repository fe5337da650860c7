/** The table of problems: the exact challenges, and the rules that every row keeps. */
import { readFileSync } from 'node:fs'
import {
  Problem,
  type ProblemCode,
  ProblemError,
  type ProblemExtras,
  problemCodes,
  problemDefinition,
  problemMediaType,
  problemResponse,
} from '@gatehouse/contract'
import t from 'tap'
import { Compile } from 'typebox/schema'

const options = { problemBase: 'https://auth.example/problems', realm: 'gatehouse', requestId: 'r-1' }
const answer = (code: ProblemCode, extras: ProblemExtras = {}) => problemResponse(code, extras, options)

t.test('problemResponse: every row gives its status, action and title, and no cache stores it', t => {
  const schema = Compile(Problem)
  for (const code of problemCodes) {
    const row = problemDefinition(code)
    const { status, headers, body } = answer(code)
    t.equal(status, row.status, code)
    t.equal(headers['content-type'], problemMediaType)
    t.equal(headers['cache-control'], 'no-store')
    t.match(body, {
      type: `https://auth.example/problems/${code}`,
      title: row.title,
      status: row.status,
      code: code,
      action: row.action,
      requestId: 'r-1',
    })
    t.match(body.detail, /^[A-Z`].*\.$/, 'detail is a sentence')
    t.ok(schema.Check(body), `${code} matches the schema`)
  }
  t.end()
})

t.test('problems: every row keeps the rules about status, action and challenge', t => {
  for (const code of problemCodes) {
    const { status, action, challenge, retryAfterSeconds, title, description, contexts } = problemDefinition(code)
    t.match(code, /^[a-z]+(-[a-z]+)*$/)
    t.ok(
      contexts.length > 0 && description.length > 0 && /^[A-Z].*\.$/.test(title),
      `${code} has contexts, a description and a title`,
    )
    if (status === 401) t.ok(challenge, `${code}: a 401 has a challenge (RFC 9110 section 11.6.1)`)
    if (status === 403) t.not(action, 'renew', `${code}: a 403 never says renew`)
    if (status >= 500 || status === 429)
      t.equal(action, 'retry', `${code}: a fault of the service does not sign the user out`)
    if (status === 503 || status === 429) t.ok(retryAfterSeconds, `${code}: has Retry-After`)
    if (action === 'renew') t.equal(status, 401)
    if (challenge === 'invalid_token') t.equal(status, 401)
    if (challenge === 'insufficient_scope') t.equal(status, 403)
  }
  t.end()
})

t.test('challenge: has exactly the form of RFC 6750 section 3 and RFC 7617 section 2.1', t => {
  const challenge = (code: ProblemCode, extras?: ProblemExtras) => answer(code, extras).headers['www-authenticate']
  t.equal(challenge('token-missing'), 'Bearer realm="gatehouse"')
  t.equal(
    challenge('token-expired'),
    'Bearer realm="gatehouse", error="invalid_token", error_description="The access token has expired."',
  )
  t.equal(
    challenge('session-ended'),
    'Bearer realm="gatehouse", error="invalid_token", error_description="This session is over."',
  )
  t.equal(
    challenge('insufficient-scope', { scope: ['storage:read', 'storage:restricted'] }),
    'Bearer realm="gatehouse", error="insufficient_scope", error_description="The access token lacks a required permission.", scope="storage:read storage:restricted"',
  )
  t.notMatch(challenge('insufficient-scope'), /scope="/)
  t.equal(
    challenge('request-malformed', { challenge: 'invalid_request' }),
    'Bearer realm="gatehouse", error="invalid_request", error_description="The request is not well formed."',
  )
  t.equal(challenge('client-invalid'), 'Basic realm="gatehouse", charset="UTF-8"')
  for (const code of ['request-malformed', 'account-disabled', 'not-found', 'unavailable', 'rate-limited'] as const)
    t.equal(challenge(code), undefined, code)
  t.end()
})

t.test('title: has no character that could end a quoted string of a challenge', t => {
  for (const code of problemCodes) t.notMatch(problemDefinition(code).title, /["\\\r\n]|[^\x20-\x7e]/)
  t.end()
})

t.test('Retry-After: is a whole number of seconds, at least 1', t => {
  const after = (retryAfterSeconds: number) => answer('rate-limited', { retryAfterSeconds }).headers['retry-after']
  t.equal(after(0), '1')
  t.equal(after(0.2), '1')
  t.equal(after(-5), '1')
  t.equal(after(12.1), '13')
  t.equal(answer('revocation-unknown').headers['retry-after'], '2')
  t.equal(answer('not-found').headers['retry-after'], undefined)
  t.end()
})

t.test('detail: names the fields or the required scopes, and neither values nor the reason for the log', t => {
  const fields = [
    { field: 'body/email', reason: 'is missing', value: 'canary' },
    { field: 'body/password', reason: 'must be a string' },
  ]
  const { body } = answer('request-malformed', { fields })
  t.equal(body.detail, 'body/email: is missing; body/password: must be a string')
  t.same(body.fields, [
    { field: 'body/email', reason: 'is missing' },
    { field: 'body/password', reason: 'must be a string' },
  ])
  t.equal(answer('insufficient-scope', { scope: ['a', 'b'] }).body.detail, 'Required: a b.')
  const refusal = new ProblemError('unavailable', 'canary', { cause: new Error('canary') })
  t.notMatch(JSON.stringify(answer(refusal.code, refusal.extras)), /canary/)
  t.equal((refusal.cause as Error).message, 'canary', 'the error keeps its cause for the log')
  t.notOk('cause' in new ProblemError('unavailable', 'x'), 'an error without a cause has no cause member')
  t.end()
})

t.test('headers: extra headers are kept and cannot replace the challenge', t => {
  const { headers } = answer('rate-limited', { headers: { 'ratelimit-remaining': '0', 'www-authenticate': 'forged' } })
  t.equal(headers['ratelimit-remaining'], '0')
  const missing = answer('token-missing', { headers: { 'www-authenticate': 'forged' } }).headers
  t.equal(missing['www-authenticate'], 'Bearer realm="gatehouse"')
  t.end()
})

t.test('package.json: depends on typebox only', t => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  t.same(Object.keys(dependencies), ['typebox'])
  t.end()
})
