/** Receipts: what each guard acknowledged, and reading a receipt again. */
import type { Receipt } from '@gatehouse/contract'
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { testGuard } from '../helpers/feedGuard.ts'

t.test('receipt: a 202 names its location, which later shows what each guard acknowledged', async t => {
  const service = await startWithAdmin(t, { POLL_HOLD_MS: '200' })
  const ada = await service.createUser()
  const { id: guard, start, pollAccepted } = testGuard(service)
  const { feedId } = await start()
  const done = await service.callAsAdmin(`/admin/users/${ada.id}/disable`, { body: {}, headers: { prefer: 'wait=0' } })
  const { seq } = done.body as Receipt
  t.equal(done.status, 202)
  t.match(done.body, { inForce: false })
  const location = done.headers.get('location') ?? ''
  t.equal(location, `/admin/revocations/${seq}`)
  const pending = await service.callAsAdmin(location, { headers: { prefer: 'wait=1' } })
  t.match(pending, {
    status: 202,
    body: { inForce: false, guards: [{ guard, name: 'test', acknowledgedAt: null, leaseEndedAt: null }] },
  })

  t.equal((await pollAccepted({ feedId, after: 0 })).entries.at(-1)?.seq, seq)
  const acknowledging = pollAccepted({ feedId, after: seq })
  const receipt = await service.callAsAdmin(location)
  t.match(receipt, {
    status: 200,
    body: { inForce: true, seq, sessionsEnded: 0, guards: [{ guard, acknowledgedAt: String }] },
  })
  await service.database.prisma.$executeRaw`DELETE FROM guards`
  t.strictSame((await service.callAsAdmin(location)).body, receipt.body, 'the receipt stays')
  t.match(await service.lastAudit('revocation.in-force'), { seq, detail: { guards: [{ guard }] } })
  await acknowledging
})
