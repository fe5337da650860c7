/** The guard's time comes from the feed: the clocks of its host decide nothing. */
import { randomUUID } from 'node:crypto'
import { bearer, claimsAt, problemMismatch, tokenOf } from '@gatehouse/testkit'
import t from 'tap'
import { type Guarded, guarded, passUntil, readyService } from '../helpers/guardedServer.ts'

/** The wall clock of the guard's host jumps; the database's time does not. */
function stepHostClock({ auth, clock }: Guarded, byMs: number): void {
  auth.hostClockOffsetMs += byMs
  clock.suspend(byMs)
}

/** A token that was issued at the database's time. */
function freshToken({ auth, clock, key }: Guarded, claims: Record<string, unknown> = {}): string {
  return tokenOf(key, claimsAt(clock.wallMs() - auth.hostClockOffsetMs, claims))
}

/**
 * The pending poll was sent before the clock was set, so only the response to the next one grants a
 * lease.
 */
async function renewLease({ auth, clock }: Guarded): Promise<void> {
  for (let poll = 1; poll <= 2; poll += 1) {
    const next = auth.nextPoll()
    auth.release()
    await passUntil(clock, next)
    await passUntil(clock, auth.holding())
  }
}

t.test('wall clock 370 s ahead for two seconds: a revoked token stays refused', async t => {
  const service = await readyService(t)
  const sid = randomUUID()
  const headers = bearer(freshToken(service, { sid }))
  const acknowledged = service.auth.nextPoll(({ after }) => after === 1)
  service.auth.revoke({ subject: sid, expiresAtMs: service.clock.wallMs() + 365_000 })
  await acknowledged
  stepHostClock(service, 370_000)
  await service.clock.advance(2000)
  stepHostClock(service, -370_000)
  await renewLease(service)
  t.equal(service.guard.state().entriesHeld, 1)
  t.equal(problemMismatch(await service.send('/me', headers), 'session-ended'), null)
})

for (const byMs of [-3_600_000, 3_600_000]) {
  t.test(`wall clock ${byMs / 1000} s off at the start: fresh tokens pass and revoked ones do not`, async t => {
    const service = await readyService(t)
    stepHostClock(service, byMs)
    await renewLease(service)
    const sid = randomUUID()
    t.match(await service.send('/me', bearer(freshToken(service))), { status: 200 })
    const acknowledged = service.auth.nextPoll(({ after }) => after === 1)
    service.auth.revoke({ subject: sid })
    await acknowledged
    await service.clock.advance(1000)
    t.equal(problemMismatch(await service.send('/me', bearer(freshToken(service, { sid }))), 'session-ended'), null)
    t.equal(Math.round(service.guard.state().clockOffsetMs ?? 0), byMs)
    t.match(await service.metrics.metrics(), new RegExp(`gatehouse_guard_clock_offset_seconds ${byMs / 1000}`))
  })
}

t.test('wrong wall clock: is logged once, and once when it is right again', async t => {
  const messages: string[] = []
  const record = (_facts: object, message: string) => void messages.push(message)
  const service = await readyService(t, { log: { info: record, warn: record, error: record } })
  stepHostClock(service, 60_000)
  await renewLease(service)
  stepHostClock(service, -60_000)
  await renewLease(service)
  t.same(
    messages.filter(message => message.startsWith('the wall clock')),
    [
      "the wall clock of this host differs from the database's; no decision depends on it",
      "the wall clock of this host agrees with the database's",
    ],
  )
})

t.test('no feed yet: a valid, an expired and a future token are revocation-unknown', async t => {
  const service = await guarded({ authUrls: ['http://127.0.0.1:9'] })
  t.teardown(service.stop)
  const now = service.clock.wallMs() / 1000
  for (const claims of [{}, { iat: now - 900, exp: now - 600 }, { iat: now + 600, exp: now + 900 }]) {
    for (const path of ['/me', '/lenient']) {
      const response = await service.send(path, bearer(service.token(claims)))
      t.equal(problemMismatch(response, 'revocation-unknown'), null)
    }
  }
})

t.test(
  'clock tolerance above the limit of the feed: ready rejects with a sentence, and nothing is decided',
  async t => {
    const service = await guarded()
    t.teardown(service.stop)
    const strict = await guarded({ clockToleranceMs: 30_000, authUrls: [service.auth.url], clock: service.clock })
    t.teardown(strict.stop)
    service.auth.maxToleranceMs = 4000
    const late = await guarded({ clockToleranceMs: 30_000, authUrls: [service.auth.url], clock: service.clock })
    t.teardown(late.stop)
    await t.rejects(late.guard.ready(), /^CLOCK_TOLERANCE_MS is 30000 and must not exceed 4000/)
    t.equal(late.guard.state().hasLease, false)
  },
)
