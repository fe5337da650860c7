/** Authorization, route rules and strict JSON as tables. */

import { parseStrictJson } from '@gatehouse/contract'
import { type AuthorizationFacts, authorize, parseRouteRule, type Rule } from '@gatehouse/guard-core'
import t from 'tap'

const open: Rule = { scope: [], roles: [], onUnknown: 'refuse' }
const caller = { scopes: ['read'], roles: ['user'] }
const good: AuthorizationFacts = { caller, revoked: undefined, hasLease: true }

const decisions: [name: string, facts: Partial<AuthorizationFacts>, rule: Partial<Rule>, decision: string][] = [
  ['a valid token passes', {}, {}, 'pass'],
  [
    'an ended session is refused without a lease too',
    { revoked: 'ended', hasLease: false },
    { onUnknown: 'allow' },
    'session-ended',
  ],
  ['a known end of the session needs no lease', { revoked: 'ended', hasLease: false }, {}, 'session-ended'],
  ['a disabled account is refused', { revoked: 'forbidden' }, {}, 'account-disabled'],
  ['a disabled account needs the lease', { revoked: 'forbidden', hasLease: false }, {}, 'revocation-unknown'],
  [
    'a disabled account is refused where unknown is allowed',
    { revoked: 'forbidden', hasLease: false },
    { onUnknown: 'allow' },
    'account-disabled',
  ],
  ['a superseded token is token-expired', { revoked: 'superseded' }, {}, 'token-expired'],
  ['revocation is checked before scope', { revoked: 'ended' }, { scope: ['write'] }, 'session-ended'],
  ['without a lease the result is revocation-unknown', { hasLease: false }, {}, 'revocation-unknown'],
  ['the lease is checked before scope', { hasLease: false }, { scope: ['write'] }, 'revocation-unknown'],
  ['a route can allow requests without a lease', { hasLease: false }, { onUnknown: 'allow' }, 'unknown-allowed'],
  [
    'a route that allows requests without a lease still requires its scope',
    { hasLease: false },
    { onUnknown: 'allow', scope: ['write'] },
    'insufficient-scope',
  ],
  ['every scope is required', {}, { scope: ['read', 'write'] }, 'insufficient-scope'],
  ['a token with the scope passes', {}, { scope: ['read'] }, 'pass'],
  ['one of the roles is enough', {}, { roles: ['admin', 'user'] }, 'pass'],
  ['a token without any of the roles is refused', {}, { roles: ['admin'] }, 'insufficient-scope'],
  ['a log-in within maxAge passes', { loginAgeSeconds: 60 }, { maxAge: 60 }, 'pass'],
  ['an older log-in must be confirmed', { loginAgeSeconds: 60.1 }, { maxAge: 60 }, 'reauthentication-required'],
  ['a log-in of unknown age must be confirmed', {}, { maxAge: 60 }, 'reauthentication-required'],
  [
    'scope is checked before the log-in',
    { loginAgeSeconds: 99 },
    { maxAge: 60, scope: ['write'] },
    'insufficient-scope',
  ],
]
for (const [name, facts, rule, decision] of decisions) {
  t.equal(authorize({ ...good, ...facts }, { ...open, ...rule }), decision, name)
}

t.test('parseRouteRule: rejects a rule with an unknown field or value', async t => {
  t.same(parseRouteRule(undefined, 'GET /'), open)
  const wrong = [
    { scopes: ['a'] },
    { scope: 'a' },
    { scope: ['a b'] },
    { scope: ['a"'] },
    { onUnknown: 'ignore' },
    { maxAge: 0 },
    { maxAge: 1.5 },
    { maxAge: '60' },
    true,
    null,
  ]
  for (const rule of wrong) t.throws(() => parseRouteRule(rule, 'GET /'), { message: /^GET \/: config\.guard/ })
})

t.test('parseStrictJson: rejects ambiguous JSON and accepts all other JSON', async t => {
  const fine = [
    '{}',
    '[]',
    '"a"',
    '1',
    'null',
    '{"a":{"b":[{"a":1},{"a":2}]},"b":"{\\"a\\":1,\\"a\\":2}"}',
    '["a","a"]',
    '{"a":":","b":"\\":","c\\"":"\\\\"}',
    '["a:",{"":{"":[]}},":"]',
    ' { "a" : 1 } ',
  ]
  for (const text of fine) t.same(parseStrictJson(text, 5), JSON.parse(text), text)
  const same = [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"x":{"a":1 ,"b":2, "a" :3}}',
    '{"":1,"":2}',
    '[{"a":{"b":1,"c":2},"a":[]}]',
  ]
  for (const text of same) t.throws(() => parseStrictJson(text, 5), { message: 'has a duplicate member' }, text)
  t.throws(() => parseStrictJson('[[[[[[1]]]]]]', 5), { message: 'is nested deeper than 5 levels' })
  t.throws(() => parseStrictJson('"\\u0000"', 5), { message: 'contains a NUL character' })
  t.throws(() => parseStrictJson('{"a\\u0000":1}', 5), { message: 'contains a NUL character' })
  t.throws(() => parseStrictJson('["\\ud83d"]', 5), { message: 'contains half a surrogate pair' })
  t.throws(() => parseStrictJson('{"a":{"\\u005f_proto__":1}}', 5), { message: 'has a member with a reserved name' })
  t.ok(parseStrictJson('"\\\\u0000"', 5))
  t.ok(parseStrictJson('"\\ud83d\\ude00"', 5))
})
