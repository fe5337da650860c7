/** The schemas: examples that each accepts and examples that each rejects. */
import {
  EndAllRequest,
  LeaveRequest,
  LoginRequest,
  PasswordChange,
  PollRequest,
  PollResponse,
  Reason,
  RenewRequest,
  requiredClaims,
} from '@gatehouse/contract'
import t from 'tap'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/schema'

const guard = '01234567-89ab-4cde-8f01-23456789abcd'
const poll = { guard, name: 'x', version: '1' }
const entry = { seq: 1, kind: 'session', subject: guard, epoch: null, effect: 'ended', expiresAtMs: 1 }
const answer = { feedId: guard, head: 1, dbNowMs: 1, maxToleranceMs: 0, leaseMs: 0, entries: [entry], more: false }
const login = { email: 'a@b', password: 'x' }

const cases: Record<string, { schema: TSchema; good: unknown[]; bad: unknown[] }> = {
  'log-in': {
    schema: LoginRequest,
    good: [
      login,
      { ...login, remember: false, device: 'Zoë’s 📱', transport: 'body' },
      { ...login, email: 'ä+b@xn--bcher-kva.example' },
    ],
    bad: [
      {},
      { ...login, email: 'a' },
      { ...login, email: '@b' },
      { ...login, email: 'a@' },
      { ...login, email: 'a b@c' },
      { ...login, email: 'a@b@c' },
      { ...login, email: `${'x'.repeat(251)}@b.c` },
      { ...login, email: 'a\u0000@b.c' },
      { ...login, email: ['a@b'] },
      { ...login, password: '' },
      { ...login, password: 'x'.repeat(513) },
      { ...login, device: '' },
      { ...login, device: 'a\nb' },
      { ...login, device: 'x'.repeat(101) },
      { ...login, transport: 'query' },
      { ...login, remember: 'no' },
      { ...login, role: 'admin' },
      [],
      null,
    ],
  },
  renewal: {
    schema: RenewRequest,
    good: [{}, { refreshToken: 'x' }],
    bad: [{ refreshToken: '' }, { refreshToken: 'x'.repeat(513) }, { refresh_token: 'x' }, { refreshToken: null }],
  },
  'password change': {
    schema: PasswordChange,
    good: [{ currentPassword: 'a', newPassword: 'b' }],
    bad: [
      { newPassword: 'b' },
      { currentPassword: 'a', newPassword: '' },
      { currentPassword: 'a', newPassword: 'b', id: guard },
    ],
  },
  poll: {
    schema: PollRequest,
    good: [poll, { ...poll, feedId: guard, after: 0 }, { ...poll, feedId: guard, after: Number.MAX_SAFE_INTEGER }],
    bad: [
      { ...poll, after: 1 },
      { ...poll, feedId: guard },
      { ...poll, feedId: guard, after: -1 },
      { ...poll, feedId: guard, after: 2 ** 53 },
      { ...poll, guard: guard.toUpperCase() },
      { ...poll, guard: `${guard}\n` },
      { ...poll, lease: 1 },
      { guard },
    ],
  },
  'response to a poll': {
    schema: PollResponse,
    good: [
      answer,
      { ...answer, entries: [] },
      { ...answer, entries: [{ ...entry, kind: 'global', subject: null, epoch: 1 }] },
    ],
    bad: [
      { ...answer, leaseMs: -1 },
      { ...answer, head: 1.5 },
      { ...answer, entries: [{ ...entry, effect: 'gone' }] },
      { ...answer, entries: [{ ...entry, seq: '1' }] },
    ],
  },
  leave: { schema: LeaveRequest, good: [{ guard }], bad: [{}, { guard: 'x' }, { guard, name: 'x' }] },
  reason: { schema: Reason, good: [{}, { reason: 'x' }], bad: [{ reason: '' }, { reason: 'x'.repeat(501) }] },
  global: {
    schema: EndAllRequest,
    good: [{ confirm: 'end every session' }],
    bad: [{}, { confirm: true }, { confirm: 'End every session' }],
  },
}

for (const [name, { schema, good, bad }] of Object.entries(cases)) {
  t.test(`schema of ${name}: accepts the valid examples and rejects the others`, t => {
    const compiled = Compile(schema)
    for (const value of good) t.ok(compiled.Check(value), JSON.stringify(value))
    for (const value of bad) t.notOk(compiled.Check(value), JSON.stringify(value)?.slice(0, 100))
    t.end()
  })
}

t.test('requiredClaims: contains every claim that the revocation index reads', t => {
  for (const claim of ['sid', 'sub', 'epoch', 'global_epoch', 'exp', 'iat'] as const)
    t.ok(requiredClaims.includes(claim))
  t.end()
})
