/** A database with other defaults, of the time zone and of transactions: the service works as with its own. */
import type { BulkPreview } from '@gatehouse/contract'
import { freshDatabase, onServer } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { holdRevocationClock, inOrder } from '../helpers/locks.ts'

/** Time for the requests of the test, and less than the smallest offset. */
const toleranceMs = 15 * 60 * 1000

async function databaseWith(t: Test, setting: string): Promise<string> {
  const { url } = await freshDatabase(t.teardown)
  await onServer(url, `ALTER DATABASE "${new URL(url).pathname.slice(1)}" SET ${setting}`)
  return url
}

for (const zone of ['Asia/Tokyo', 'America/New_York']) {
  t.test(`time zone ${zone}: bulk revocation, audit filters and shown times agree with the clock`, async t => {
    const url = await databaseWith(t, `timezone TO '${zone}'`)
    const service = await startWithAdmin(t, { DATABASE_URL: url })
    const ada = await service.createUser()
    const { accessToken: token } = await service.login(ada)

    const { body: list } = await service.call('/sessions', { token })
    const [session] = (list as { sessions: { createdAt: string; expiresAt: string }[] }).sessions
    const [nowMs, createdMs] = [Date.now(), Date.parse(session?.createdAt ?? '')]
    t.ok(Math.abs(nowMs - createdMs) < toleranceMs, `created ${session?.createdAt}`)
    t.ok(Date.parse(session?.expiresAt ?? '') > nowMs)

    const entries = async (query: string) =>
      ((await service.callAsAdmin(`/admin/audit?${query}`)).body as { entries: { at: string }[] }).entries
    const before = new Date(nowMs - toleranceMs).toISOString()
    const after = new Date(nowMs + toleranceMs).toISOString()
    const window = await entries(`action=session.start&from=${before}&until=${after}`)
    t.equal(window.length, 2)
    t.ok(window.every(({ at }) => Math.abs(Date.parse(at) - nowMs) < toleranceMs))
    t.same(await entries(`action=session.start&from=${after}`), [])
    t.same(await entries(`action=session.start&until=${before}`), [])

    const count = async (createdBefore: string) => {
      const criteria = { accounts: [ada.id], createdBefore }
      return (await service.callAsAdmin('/admin/sessions/end', { body: { criteria, dryRun: true } }))
        .body as BulkPreview
    }
    t.match(await count(after), { sessions: 1 })
    t.match(await count(before), { sessions: 0 })
    const criteria = { accounts: [ada.id], createdBefore: after }
    const ended = await service.callAsAdmin('/admin/sessions/end', { body: { criteria } })
    t.match(ended.body, { sessionsEnded: 1, inForce: true })
  })
}

t.test('isolation repeatable read: of two revocations at once, the second waits and is done', async t => {
  const url = await databaseWith(t, `default_transaction_isolation TO 'repeatable read'`)
  const service = await startWithAdmin(t, { DATABASE_URL: url })
  const [ada, bob] = [await service.createUser(), await service.createUser()]
  const disable = ({ id }: { id: string }) => service.callAsAdmin(`/admin/users/${id}/disable`, { body: {} })
  const lock = await holdRevocationClock(t, service)
  const [first, second] = await inOrder(service, lock, [() => disable(ada), () => disable(bob)])
  t.match(first, { status: 200, body: { inForce: true } })
  t.match(second, { status: 200, body: { inForce: true } })
  t.equal((await service.call('/readyz')).status, 200)
})
