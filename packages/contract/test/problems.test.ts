/** The table of outcomes as replies: exact challenges, and rules that every row keeps. */
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

t.test('every row: status, action, title and problem agree, and no cache keeps it', t => {
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
    t.match(body.detail, /^[A-Z`].*\.$/, 'a sentence')
    t.ok(schema.Check(body), `${code} is a Problem`)
  }
  t.end()
})

t.test('the rules of the table: who is signed out, who is not, and what a challenge goes with', t => {
  for (const code of problemCodes) {
    const { status, action, challenge, retryAfterSeconds, title, description, contexts } = problemDefinition(code)
    t.match(code, /^[a-z]+(-[a-z]+)*$/)
    t.ok(contexts.length > 0 && description.length > 0 && /^[A-Z].*\.$/.test(title), `${code} says what it is`)
    if (status === 401) t.ok(challenge, `${code}: a 401 has a challenge (RFC 9110 section 11.6.1)`)
    if (status === 403) t.not(action, 'renew', `${code}: a 403 never says renew`)
    if (status >= 500 || status === 429) t.equal(action, 'retry', `${code}: not knowing signs nobody out`)
    if (status === 503 || status === 429) t.ok(retryAfterSeconds, `${code}: says when`)
    if (action === 'renew') t.equal(status, 401)
    if (challenge === 'invalid_token') t.equal(status, 401)
    if (challenge === 'insufficient_scope') t.equal(status, 403)
  }
  t.end()
})

t.test('challenges are exactly these (RFC 6750 section 3, RFC 7617 section 2.1)', t => {
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
    'Bearer realm="gatehouse", error="insufficient_scope", error_description="This needs a permission that the token does not carry.", scope="storage:read storage:restricted"',
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

t.test('nothing that a request brought can break out of a challenge', t => {
  for (const code of problemCodes) t.notMatch(problemDefinition(code).title, /["\\\r\n]|[^\x20-\x7e]/)
  t.end()
})

t.test('Retry-After is a whole number of seconds, at least one', t => {
  const after = (retryAfterSeconds: number) => answer('rate-limited', { retryAfterSeconds }).headers['retry-after']
  t.equal(after(0), '1')
  t.equal(after(0.2), '1')
  t.equal(after(-5), '1')
  t.equal(after(12.1), '13')
  t.equal(answer('revocation-unknown').headers['retry-after'], '2')
  t.equal(answer('not-found').headers['retry-after'], undefined)
  t.end()
})

t.test('the detail names the fields, or the scopes that are needed, and never a value or the reason for our log', t => {
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
  t.equal(answer('insufficient-scope', { scope: ['a', 'b'] }).body.detail, 'Needed: a b.')
  const refusal = new ProblemError('unavailable', 'canary', { cause: new Error('canary') })
  t.notMatch(JSON.stringify(answer(refusal.code, refusal.extras)), /canary/)
  t.equal((refusal.cause as Error).message, 'canary', 'the log has it')
  t.notOk('cause' in new ProblemError('unavailable', 'x'), 'no empty cause')
  t.end()
})

t.test('headers that a refusal brings are kept, and cannot replace what every refusal has', t => {
  const { headers } = answer('rate-limited', { headers: { 'ratelimit-remaining': '0', 'www-authenticate': 'forged' } })
  t.equal(headers['ratelimit-remaining'], '0')
  const missing = answer('token-missing', { headers: { 'www-authenticate': 'forged' } }).headers
  t.equal(missing['www-authenticate'], 'Bearer realm="gatehouse"')
  t.end()
})

t.test('the package does nothing and knows nobody: it imports none of ours', t => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  t.same(Object.keys(dependencies), ['typebox'])
  t.end()
})
