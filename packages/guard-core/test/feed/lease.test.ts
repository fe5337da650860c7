/** Decisions from memory: with revocations, and without a lease. */
import { randomUUID } from 'node:crypto'
import { problemDefinition } from '@gatehouse/contract'
import { parseRouteRule } from '@gatehouse/guard-core'
import { bearer, problemMismatch } from '@gatehouse/testkit'
import t from 'tap'
import { type Guarded, guarded, passUntil, readyService } from '../helpers/guardedServer.ts'

/** Resolves when the guard has acknowledged every entry up to this number. */
function acknowledged({ auth }: Guarded, seq: number) {
  return auth.nextPoll(({ after }) => after !== undefined && after >= seq)
}

async function revoke(service: Guarded, entry: Parameters<Guarded['auth']['revoke']>[0]): Promise<void> {
  const seq = Math.max(0, service.guard.state().cursor ?? 0) + 1
  const done = acknowledged(service, seq)
  service.auth.revoke(entry)
  await done
}

/** Makes the feed unreachable until the lease has ended. */
async function lapse(service: Guarded): Promise<void> {
  service.auth.mode = 'down'
  service.auth.release()
  await service.clock.advance(15_000)
}

t.test('revocation: each kind refuses the tokens that it covers and no others', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  const [sid, sub] = [randomUUID(), randomUUID()]
  await revoke(service, { subject: sid })
  await revoke(service, { kind: 'user', subject: sub, epoch: 3, effect: 'forbidden' })

  const says = async (over: object) =>
    problemMismatch(await service.send('/me', bearer(service.token({ ...over }))), 'session-ended')
  t.equal(await says({ sid }), null)
  t.match(await service.send('/me', bearer(service.token())), { status: 200 })
  const disabled = await service.send('/me', bearer(service.token({ sub, epoch: 2 })))
  t.equal(problemMismatch(disabled, 'account-disabled'), null)
  t.equal(disabled.headers['www-authenticate'], undefined)
  t.match(
    await service.send('/me', bearer(service.token({ sub, epoch: 3 }))),
    { status: 200 },
    'a token of the new epoch',
  )

  await revoke(service, { kind: 'user', subject: sub, epoch: 3, effect: 'ended' })
  t.equal(await says({ sub, epoch: 2 }), null, 'enabled again: ended and not forbidden')
  await revoke(service, { kind: 'user', subject: sub, epoch: 4, effect: 'superseded' })
  const superseded = await service.send('/me', bearer(service.token({ sub, epoch: 3 })))
  t.equal(problemMismatch(superseded, 'token-expired'), null)
  await revoke(service, { kind: 'global', epoch: 1 })
  t.equal(await says({ global_epoch: 0 }), null)
  t.match(await service.send('/me', bearer(service.token({ global_epoch: 1 }))), { status: 200 })
})

t.test('revocation: refuses a token that is cached as valid', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  const sid = randomUUID()
  const headers = bearer(service.token({ sid }))
  t.match(await service.send('/me', headers), { status: 200 })
  await revoke(service, { subject: sid })
  t.equal(problemMismatch(await service.send('/me', headers), 'session-ended'), null)
})

t.test('lookup: a token that passed one rule is not known for another', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  const headers = bearer(service.token())
  t.match(await service.send('/me', headers), { status: 200 })
  t.equal(problemMismatch(await service.send('/restricted', headers), 'insufficient-scope'), null)
  t.match(await service.send('/me', headers), { status: 200 })
  t.equal(problemMismatch(await service.send('/admin', headers), 'insufficient-scope'), null)
})

t.test(
  'check: a known token passes synchronously, and is decided again after an entry and without a lease',
  async t => {
    const service = await readyService(t)
    const rule = parseRouteRule({}, 'GET /me')
    const sid = randomUUID()
    const request = bearer(service.token({ sid }))
    const caller = await service.guard.check(request, rule)
    t.equal(service.guard.check(request, rule), caller)
    await revoke(service, { subject: randomUUID() })
    t.equal(service.guard.check(request, rule), caller)
    await lapse(service)
    t.throws(() => service.guard.check(request, rule), { code: 'revocation-unknown' })
    service.auth.mode = 'up'
    await passUntil(service.clock, service.auth.holding())
    await revoke(service, { subject: sid })
    t.throws(() => service.guard.check(request, rule), { code: 'session-ended' })
  },
)

t.test('recheck: decides again after an entry, and accepts callers of this guard only', async t => {
  const service = await readyService(t)
  const rule = parseRouteRule({}, 'GET /me')
  const sid = randomUUID()
  const caller = await service.guard.check(bearer(service.token({ sid })), rule)
  service.guard.recheck(caller, rule)
  await revoke(service, { subject: sid })
  t.throws(() => service.guard.recheck(caller, rule), { code: 'session-ended' })
  t.throws(() => service.guard.recheck({ ...caller }, rule), TypeError)
})

t.test('guarded route: sends no request to the auth service', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  await service.auth.holding()
  const before = { ...service.auth.counts }
  for (let n = 0; n < 20; n += 1) {
    await service.send('/me', bearer(service.token()))
    await service.send('/me', bearer('rubbish'))
  }
  t.same(service.auth.counts, before)
})

t.test('rule: a missing scope or role is insufficient-scope with a challenge', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  const refused = await service.send('/restricted', bearer(service.token()))
  t.equal(problemMismatch(refused, 'insufficient-scope'), null)
  t.match(refused.headers['www-authenticate'], /error="insufficient_scope", .*scope="storage:restricted"/)
  const cleared = service.token({ scope: 'storage:read storage:restricted' })
  t.match(await service.send('/restricted', bearer(cleared)), { status: 200 })
  t.equal(problemMismatch(await service.send('/admin', bearer(service.token())), 'insufficient-scope'), null)
  t.match(await service.send('/admin', bearer(service.token({ roles: ['auditor'] }))), { status: 200 })
})

t.test('lease: without one the answer is 503 with Retry-After, until the feed answers again', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  const sid = randomUUID()
  await revoke(service, { subject: sid })
  const headers = bearer(service.token())
  await lapse(service)

  const unknown = await service.send('/me', headers)
  t.equal(problemMismatch(unknown, 'revocation-unknown'), null)
  t.equal(unknown.headers['retry-after'], String(problemDefinition('revocation-unknown').retryAfterSeconds))
  t.equal(unknown.headers['www-authenticate'], undefined)
  t.equal(
    problemMismatch(await service.send('/me', bearer(service.token({ sid }))), 'session-ended'),
    null,
    'a known revocation',
  )
  t.match(await service.send('/lenient', headers), { status: 200 }, 'a route that allows requests without a lease')
  t.equal(problemMismatch(await service.send('/lenient', bearer(service.token({ sid }))), 'session-ended'), null)

  service.auth.mode = 'up'
  await passUntil(service.clock, service.auth.holding())
  t.match(await service.send('/me', bearer(service.token())), { status: 200 })
  const text = await service.metrics.metrics()
  t.match(text, /gatehouse_guard_lapses_total 1/)
  t.match(text, /gatehouse_guard_unknown_allowed_total 1/)
  t.match(text, /gatehouse_guard_refusals_total\{code="revocation-unknown"\} 1/)
  t.match(text, /gatehouse_guard_cursor 1/)
})

t.test('lease: ends when the machine was suspended', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  await service.guard.ready()
  await service.auth.holding()
  service.clock.suspend(15_000)
  t.equal(problemMismatch(await service.send('/me', bearer(service.token())), 'revocation-unknown'), null)
})

t.test('lease: before the first response of the feed the answer is revocation-unknown', async t => {
  const service = await guarded({ authUrls: ['http://127.0.0.1:9'] })
  t.teardown(service.stop)
  t.equal(problemMismatch(await service.send('/me', bearer(service.token())), 'revocation-unknown'), null)
  t.match(await service.send('/open'), { status: 200 }, 'a route outside the scope')
})

t.test('entries: are kept for the clock tolerance after their expiry, as tokens are accepted', async t => {
  const service = await guarded({ clockToleranceMs: 5000 })
  t.teardown(service.stop)
  await service.guard.ready()
  const sid = randomUUID()
  const expiresAtMs = service.clock.wallMs() + 60_000
  const headers = bearer(service.token({ sid, exp: expiresAtMs / 1000 }))
  await revoke(service, { subject: sid, expiresAtMs })
  await service.clock.advance(64_000)
  t.equal(service.guard.state().entriesHeld, 1)
  t.equal(problemMismatch(await service.send('/me', headers), 'session-ended'), null)
  await service.clock.advance(2000)
  t.equal(service.guard.state().entriesHeld, 0)
  t.equal(problemMismatch(await service.send('/me', headers), 'token-expired'), null)
})

t.test('entries: are removed when they expire', async t => {
  const service = await guarded({ clockToleranceMs: 0 })
  t.teardown(service.stop)
  await service.guard.ready()
  const expiresAtMs = service.clock.wallMs() + 60_000
  for (let n = 0; n < 10; n += 1) await revoke(service, { subject: randomUUID(), expiresAtMs })
  t.equal(service.guard.state().entriesHeld, 10)
  await service.clock.advance(60_000)
  await service.send('/open')
  t.equal(service.guard.state().entriesHeld, 0)
})
