/** Receipts: what each guard acknowledged, and reading a receipt again. */
import type { PollResponse, Receipt } from '@gatehouse/contract'
import t from 'tap'
import { type AdminClient, startWithAdmin } from '../helpers/adminClient.ts'

const guard = '11111111-1111-4111-8111-111111111111'

async function poll(service: AdminClient, after?: { feedId: string; after: number }): Promise<PollResponse> {
  const body = { guard, name: 'warehouse', version: '1', ...after }
  const response = await service.call('/guards/poll', { body, headers: { authorization: service.guardCredentials } })
  return response.body as PollResponse
}

t.test('receipt: a 202 names its location, which later shows what each guard acknowledged', async t => {
  const service = await startWithAdmin(t, { POLL_HOLD_MS: '200' })
  const ada = await service.createUser()
  const { feedId } = await poll(service)
  t.ok((await poll(service, { feedId, after: 0 })).leaseMs > 0, 'the guard has its lease')
  const done = await service.callAsAdmin(`/admin/users/${ada.id}/disable`, { body: {}, headers: { prefer: 'wait=0' } })
  const { seq } = done.body as Receipt
  t.equal(done.status, 202)
  t.match(done.body, { inForce: false })
  const location = done.headers.get('location') ?? ''
  t.equal(location, `/admin/revocations/${seq}`)
  const pending = await service.callAsAdmin(location, { headers: { prefer: 'wait=1' } })
  t.match(pending, {
    status: 202,
    body: { inForce: false, guards: [{ guard, name: 'warehouse', acknowledgedAt: null, leaseEndedAt: null }] },
  })

  t.equal((await poll(service, { feedId, after: 0 })).entries.at(-1)?.seq, seq)
  const acknowledging = poll(service, { feedId, after: seq })
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
