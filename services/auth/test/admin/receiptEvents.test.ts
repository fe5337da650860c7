/** Follows a revocation by its events, lists revocations, and finds their audit entries. */
import type { Receipt, ReceiptEvent, RevocationPage } from '@gatehouse/contract'
import t, { type Test } from 'tap'
import { type AdminClient, startWithAdmin } from '../helpers/adminClient.ts'
import { testGuard } from '../helpers/feedGuard.ts'

/** Opens the stream, and reads event by event. */
async function openEvents(t: Test, { url, token, seq }: { url: string; token: string; seq: number }) {
  const abort = new AbortController()
  t.teardown(() => abort.abort())
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`${url}/admin/revocations/${seq}/events`, { headers, signal: abort.signal })
  t.equal(response.status, 200)
  t.match(response.headers.get('content-type'), /^text\/event-stream/)
  t.equal(response.headers.get('x-accel-buffering'), 'no')
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  /** @returns undefined at the end of the stream */
  const next = async (): Promise<ReceiptEvent | undefined> => {
    while (!rest.includes('\n\n')) {
      const { done, value } = await reader.read()
      if (done) return undefined
      rest += value
    }
    const [event = '', ...others] = rest.split('\n\n')
    rest = others.join('\n\n')
    return JSON.parse(event.replace(/^event: receipt\ndata: /, ''))
  }
  return { next }
}

/** An account whose sessions have ended, which a guard has not acknowledged yet. */
async function pendingRevocation(service: AdminClient) {
  const guard = testGuard(service)
  const cursor = await guard.start()
  const ada = await service.createUser()
  await service.login(ada)
  const request = { body: { reason: 'laptop lost' }, headers: { prefer: 'wait=0' } }
  const { seq } = (await service.callAsAdmin(`/admin/users/${ada.id}/sessions/end`, request)).body as Receipt
  return { guard, cursor, ada, seq }
}

t.test('receipt events', async t => {
  const service = await startWithAdmin(t, { POLL_HOLD_MS: '200' })
  const { url } = service

  await t.test('a stream tells each change of a guard, and ends when the revocation is in force', async t => {
    const { guard, cursor, ada, seq } = await pendingRevocation(service)
    const events = await openEvents(t, { url, token: service.admin.accessToken, seq })
    const first = await events.next()
    t.match(first, { seq, inForce: false, sessionsEnded: 1, subject: ada.id })
    t.match(first?.guards, [{ guard: guard.id, acknowledgedAt: null }])
    t.ok((first?.guards[0]?.leaseLeftMs ?? 0) > 0, 'says how long the lease runs')
    const acknowledging = guard.poll({ feedId: cursor.feedId, after: seq })
    let last = first
    for (let event = await events.next(); event !== undefined; event = await events.next()) last = event
    t.match(last, { seq, inForce: true, guards: [{ guard: guard.id, acknowledgedAt: String, leaseLeftMs: null }] })
    await acknowledging

    const again = await openEvents(t, { url, token: service.admin.accessToken, seq })
    t.same(await again.next(), last, 'a later stream has the stored receipt only')
    t.equal(await again.next(), undefined)

    const list = (await service.callAsAdmin('/admin/revocations')).body as RevocationPage
    t.match(list.revocations[0], {
      seq,
      action: 'user.end-sessions',
      reason: 'laptop lost',
      kind: 'user',
      sessionsEnded: 1,
      inForce: true,
      waitedMs: last?.waitedMs,
      guards: 1,
      slowest: { name: 'test', afterMs: Number },
    })
    t.match((await service.callAsAdmin(`/admin/audit?seq=${seq}`)).body, {
      entries: [{ action: 'revocation.in-force' }, { action: 'user.end-sessions', seq }],
    })
  })

  await t.test('a stream ends when its reader is revoked', async t => {
    const auditor = await service.createUser({ roles: ['auditor'] })
    const { accessToken, sessionId } = await service.login(auditor)
    const { guard, cursor, seq } = await pendingRevocation(service)
    const events = await openEvents(t, { url, token: accessToken, seq })
    t.match(await events.next(), { inForce: false })
    const body = { reason: 'left' }
    await service.callAsAdmin(`/admin/sessions/${sessionId}/end`, { body, headers: { prefer: 'wait=0' } })
    const acknowledging = guard.poll({ feedId: cursor.feedId, after: seq })
    await t.rejects(async () => t.equal(await events.next(), undefined), 'the connection is cut')
    await acknowledging
  })

  await t.test('lists pages, names several accounts, and counts active sessions', async t => {
    const first = (await service.callAsAdmin('/admin/revocations?limit=1')).body as RevocationPage
    const second = (await service.callAsAdmin(`/admin/revocations?limit=1&cursor=${first.nextCursor}`))
      .body as RevocationPage
    t.ok((first.revocations[0]?.seq ?? 0) > (second.revocations[0]?.seq ?? 0))
    const [ada, bob] = [await service.createUser(), await service.createUser()]
    t.match((await service.callAsAdmin(`/admin/users?ids=${ada.id},${bob.id}`)).body, { users: { length: 2 } })
    t.equal((await service.callAsAdmin('/admin/users?ids=x')).status, 400)
    t.match((await service.callAsAdmin('/admin/sessions/count')).body, { activeSessions: Number })
    t.equal((await service.callAsAdmin('/admin/revocations/999999/events')).status, 404)
  })
})
