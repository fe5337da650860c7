/** Open streams: closed before the revocation that covers them is acknowledged. */

import { randomUUID } from 'node:crypto'
import type { Caller } from '@gatehouse/guard'
import { problemCodeOf } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { type Guarded, guarded } from './helpers/guardedApp.ts'

async function fixture(t: Test, over: Parameters<typeof guarded>[0] = {}): Promise<Guarded> {
  const service = await guarded(over)
  t.teardown(service.stop)
  await service.guard.ready()
  return service
}

async function callerOf({ guard, token }: Guarded, over: Record<string, unknown> = {}): Promise<Caller> {
  return (await guard.verify(`Bearer ${token(over)}`)).caller
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
const why = { session: 'session-ended', user: 'account-disabled', global: 'session-ended' }

for (const kind of ['session', 'user', 'global'] as const) {
  t.test(`a stream is closed before the revocation of its ${kind} is acknowledged, and only that stream`, async t => {
    const service = await fixture(t)
    const [sid, sub] = [randomUUID(), randomUUID()]
    const closed: string[] = []
    service.guard.trackStream(await callerOf(service, { sid, sub }), reason => closed.push(reason))
    service.guard.trackStream(await callerOf(service, { epoch: 1, global_epoch: 1 }), () => closed.push('a wrong one'))
    let seenAtAck: string[] = []
    const acknowledged = service.auth.nextPoll(({ after }) => {
      seenAtAck = [...closed]
      return after === 1
    })
    service.auth.revoke(entries[kind](sid, sub))
    await acknowledged
    t.same(seenAtAck, [why[kind]])
    t.equal(service.guard.state().streamsOpen, 1)
  })
}

t.test('a stream that cannot be closed keeps no other open', async t => {
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

t.test('a stream ends with its token', async t => {
  const service = await fixture(t, { clockToleranceMs: 0 })
  const now = service.clock.wallMs() / 1000
  const caller = await callerOf(service, { exp: now + 10 })
  const closed = new Promise(resolve => service.guard.trackStream(caller, resolve))
  await service.clock.advance(10_000)
  t.equal(await closed, 'token-expired')
})

t.test('a stream ends with the lease, unless it was opened to run on', async t => {
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

t.test('a stream whose token was revoked between the request and the registration never opens', async t => {
  const service = await fixture(t)
  const sid = randomUUID()
  const caller = await callerOf(service, { sid })
  const acknowledged = service.auth.nextPoll(({ after }) => after === 1)
  service.auth.revoke({ subject: sid })
  await acknowledged
  t.equal(await problemCodeOf(() => service.guard.trackStream(caller, () => {})), 'session-ended')
})

t.test('open streams are bounded, and a released one makes room', async t => {
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

t.test('a service that stops closes its streams and opens none', async t => {
  const service = await guarded()
  await service.guard.ready()
  const caller = await callerOf(service)
  const closed: string[] = []
  service.guard.trackStream(caller, reason => closed.push(reason))
  await service.stop()
  t.same(closed, ['shutdown'])
  t.equal(await problemCodeOf(() => service.guard.trackStream(caller, () => {})), 'overloaded')
  t.equal(service.auth.counts.leaves, 1, 'and the feed is left')
})
