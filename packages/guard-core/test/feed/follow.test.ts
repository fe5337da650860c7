/** Following the feed: fail-over, refusal, a changed feed, and leaving. */
import { randomUUID } from 'node:crypto'
import { bearer, fakeAuth, problemMismatch } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { type Guarded, guarded, passUntil } from '../helpers/guardedServer.ts'

async function fixture(t: Test, over: Parameters<typeof guarded>[0] = {}): Promise<Guarded> {
  const service = await guarded(over)
  t.teardown(service.stop)
  return service
}

t.test('follow: a new guard receives all pages before its first lease', async t => {
  const service = await guarded({ authUrls: ['http://127.0.0.1:9'] })
  await service.stop()
  const { clock, auth } = await fixture(t)
  const sids = Array.from({ length: 10 }, () => randomUUID())
  for (const subject of sids) auth.revoke({ subject })
  const late = await guarded({ authUrls: [auth.url], clock })
  t.teardown(late.stop)
  await late.guard.ready()
  t.equal(late.guard.state().entriesHeld, 10)
  t.equal(problemMismatch(await late.send('/me', bearer(late.token({ sid: sids[0] }))), 'session-ended'), null)
})

t.test('follow: polls the next replica at once when one fails', async t => {
  const service = await fixture(t)
  const second = await fakeAuth(service.clock)
  t.teardown(second.stop)
  const both = await guarded({ authUrls: ['http://127.0.0.1:9', second.url], clock: service.clock, random: () => 0 })
  t.teardown(both.stop)
  await passUntil(service.clock, both.guard.ready())
  t.ok(second.counts.polls >= 2)
})

t.test('follow: starts again under a new id when the feed has changed', async t => {
  const { auth, guard, clock } = await fixture(t)
  await guard.ready()
  await auth.holding()
  const [before] = auth.guards.keys()
  auth.revoke({ subject: randomUUID() })
  await auth.nextPoll(({ after }) => after === 1)
  const restarted = auth.nextPoll(({ guard: id, after }) => id !== before && after === undefined)
  auth.restore()
  await passUntil(clock, restarted)
  await passUntil(clock, auth.holding())
  t.match(guard.state(), { cursor: 0, entriesHeld: 0, hasLease: true })
})

t.test('follow: starts again under a new id when the feed refuses its cursor', async t => {
  const { auth, guard, clock } = await fixture(t)
  await guard.ready()
  await auth.holding()
  const [before] = auth.guards.keys()
  const restarted = auth.nextPoll(({ guard: id, after }) => id !== before && after === undefined)
  auth.guards.clear()
  auth.release()
  await passUntil(clock, restarted)
  await passUntil(clock, auth.holding())
  t.match(guard.state(), { hasLease: true })
})

t.test('follow: waits five seconds after client-invalid', async t => {
  const service = await guarded()
  t.teardown(service.stop)
  const { auth, guard, clock, metrics } = service
  await guard.ready()
  await auth.holding()
  auth.mode = 'refusing'
  await clock.advance(8000)
  const text = () => metrics.metrics()
  await passUntil(
    clock,
    untilTrue(async () => /result="client-invalid"\} 1/.test(await text())),
  )
  t.match(await text(), /gatehouse_guard_polls_total\{result="timed-out"\} 1/)
  auth.mode = 'up'
  await passUntil(clock, auth.holding())
  t.ok(guard.state().hasLease)
})

t.test('follow: a poll without a response times out, and the lease ends', async t => {
  const { auth, guard, clock } = await fixture(t)
  await guard.ready()
  await auth.holding()
  auth.mode = 'silent'
  await clock.advance(15_000)
  t.notOk(guard.state().hasLease)
  auth.mode = 'up'
  auth.release()
  await passUntil(
    clock,
    untilTrue(async () => guard.state().hasLease),
  )
  t.pass('it polls again')
})

t.test('stop: leaves the feed', async t => {
  const service = await guarded()
  await service.guard.ready()
  t.equal(service.auth.guards.size, 1)
  await service.close()
  t.equal(service.auth.guards.size, 0)
  await service.auth.stop()
})

async function untilTrue(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(setImmediate)
}
