/** Open streams: each is closed before the guard acknowledges the revocation that covers it. */
import { randomUUID } from 'node:crypto'
import { type Caller, parseRouteRule } from '@gatehouse/guard-core'
import { problemCodeOf } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { type Guarded, guarded } from './helpers/guardedServer.ts'

async function fixture(t: Test, over: Parameters<typeof guarded>[0] = {}): Promise<Guarded> {
  const service = await guarded(over)
  t.teardown(service.stop)
  await service.guard.ready()
  return service
}

const rule = parseRouteRule({}, 'a stream')

async function callerOf({ guard, token }: Guarded, over: Record<string, unknown> = {}): Promise<Caller> {
  return guard.check({ authorization: `Bearer ${token(over)}` }, rule)
}

const entries = {
  session: (sid: string) => ({ subject: sid }),
  user: (_sid: string, sub: string) => ({
    kind: 'user' as const,
    subject: sub,
    epoch: 1,
    effect: 'forbidden' as const,
  }),
  global: () => ({ kind: 'global' as const, epoch: 1 }),
}
const codes = { session: 'session-ended', user: 'account-disabled', global: 'session-ended' }

for (const kind of ['session', 'user', 'global'] as const) {
  t.test(`trackStream: a ${kind} entry closes the covered stream before it is acknowledged`, async t => {
    const service = await fixture(t)
    const [sid, sub] = [randomUUID(), randomUUID()]
    const closed: string[] = []
    service.guard.trackStream(await callerOf(service, { sid, sub }), reason => closed.push(reason))
    service.guard.trackStream(await callerOf(service, { epoch: 1, global_epoch: 1 }), () =>
      closed.push('another stream'),
    )
    let seenAtAck: string[] = []
    const acknowledged = service.auth.nextPoll(({ after }) => {
      seenAtAck = [...closed]
      return after === 1
    })
    service.auth.revoke(entries[kind](sid, sub))
    await acknowledged
    t.same(seenAtAck, [codes[kind]])
    t.equal(service.guard.state().streamsOpen, 1)
  })
}

t.test('trackStream: a close that throws does not keep other streams open', async t => {
  const service = await fixture(t)
  const sid = randomUUID()
  const caller = await callerOf(service, { sid })
  const closed: string[] = []
  service.guard.trackStream(caller, () => {
    throw new Error('broken')
  })
  service.guard.trackStream(caller, reason => closed.push(reason))
  const acknowledged = service.auth.nextPoll(({ after }) => after === 1)
  service.auth.revoke({ subject: sid })
  await acknowledged
  t.same(closed, ['session-ended'])
})

t.test('trackStream: closes the stream when the token expires', async t => {
  const service = await fixture(t, { clockToleranceMs: 0 })
  const now = service.clock.wallMs() / 1000
  const caller = await callerOf(service, { exp: now + 10 })
  const closed = new Promise(resolve => service.guard.trackStream(caller, resolve))
  await service.clock.advance(10_000)
  t.equal(await closed, 'token-expired')
})

t.test('trackStream: closes the stream when the lease ends, unless unknown is allowed', async t => {
  const service = await fixture(t)
  const caller = await callerOf(service)
  const ended: string[] = []
  service.guard.trackStream(caller, reason => ended.push(reason), { onUnknown: 'allow' })
  const closed = new Promise(resolve => service.guard.trackStream(caller, resolve))
  service.auth.mode = 'down'
  service.auth.release()
  await service.clock.advance(15_000)
  t.equal(await closed, 'revocation-unknown')
  t.equal(await problemCodeOf(() => service.guard.trackStream(caller, () => {})), 'revocation-unknown')
  t.same(ended, [])
  t.equal(service.guard.state().streamsOpen, 1)
})

t.test('trackStream: refuses a token that was revoked after the request arrived', async t => {
  const service = await fixture(t)
  const sid = randomUUID()
  const caller = await callerOf(service, { sid })
  const acknowledged = service.auth.nextPoll(({ after }) => after === 1)
  service.auth.revoke({ subject: sid })
  await acknowledged
  t.equal(await problemCodeOf(() => service.guard.trackStream(caller, () => {})), 'session-ended')
})

t.test('trackStream: answers overloaded at the limit, until a stream is released', async t => {
  const service = await fixture(t, { maxStreams: 2 })
  const caller = await callerOf(service)
  const release = service.guard.trackStream(caller, () => {})
  service.guard.trackStream(caller, () => {})
  t.equal(await problemCodeOf(() => service.guard.trackStream(caller, () => {})), 'overloaded')
  release()
  release()
  service.guard.trackStream(caller, () => {})
  t.equal(service.guard.state().streamsOpen, 2)
})

t.test('trackStream: an account at its share is rate-limited while other accounts still open streams', async t => {
  const service = await fixture(t, { maxStreams: 4, maxStreamsPerAccount: 2 })
  const caller = await callerOf(service)
  const release = service.guard.trackStream(caller, () => {})
  service.guard.trackStream(await callerOf(service, { sub: caller.id }), () => {})
  t.equal(await problemCodeOf(() => service.guard.trackStream(caller, () => {})), 'rate-limited')
  service.guard.trackStream(await callerOf(service, { sub: randomUUID() }), () => {})
  release()
  service.guard.trackStream(caller, () => {})
  t.equal(service.guard.state().streamsOpen, 3)
})

t.test('stop: closes streams and accepts no further ones', async t => {
  const service = await guarded()
  await service.guard.ready()
  const caller = await callerOf(service)
  const closed: string[] = []
  service.guard.trackStream(caller, reason => closed.push(reason))
  await service.stop()
  t.same(closed, ['shutdown'])
  t.equal(await problemCodeOf(() => service.guard.trackStream(caller, () => {})), 'revocation-unknown')
  t.equal(service.auth.counts.leaves, 1, 'the guard leaves the feed')
})
