/** Receipts: what is in force, how every guard came to know, and that it can be asked again. */
import type { PollResponse, Receipt } from '@gatehouse/contract'
import t from 'tap'
import { type Office, office } from '../helpers/adminClient.ts'

const guard = '11111111-1111-4111-8111-111111111111'

async function poll(on: Office, after?: { feedId: string; after: number }): Promise<PollResponse> {
  const body = { guard, name: 'warehouse', version: '1', ...after }
  const answer = await on.call('/guards/poll', { body, headers: { authorization: on.guardCredentials } })
  return answer.body as PollResponse
}

t.test('who does not wait is told where to ask, and asking again shows who acknowledged and when', async t => {
  const on = await office(t, { POLL_HOLD_MS: '200' })
  const ada = await on.person()
  const { feedId } = await poll(on)
  t.ok((await poll(on, { feedId, after: 0 })).leaseMs > 0, 'the guard has its lease')
  const done = await on.ask(`/admin/users/${ada.id}/disable`, { body: {}, headers: { prefer: 'wait=0' } })
  const { seq } = done.body as Receipt
  t.equal(done.status, 202)
  t.match(done.body, { inForce: false })
  const location = done.headers.get('location') ?? ''
  t.equal(location, `/admin/revocations/${seq}`)
  const impatient = await on.ask(location, { headers: { prefer: 'wait=1' } })
  t.match(impatient, {
    status: 202,
    body: { inForce: false, guards: [{ guard, name: 'warehouse', acknowledgedAt: null, leaseEndedAt: null }] },
  })

  t.equal((await poll(on, { feedId, after: 0 })).entries.at(-1)?.seq, seq)
  const acknowledging = poll(on, { feedId, after: seq })
  const receipt = await on.ask(location)
  t.match(receipt, { status: 200, body: { inForce: true, seq, ended: 0, guards: [{ guard, acknowledgedAt: String }] } })
  await on.database.prisma.$executeRaw`DELETE FROM guards`
  t.strictSame((await on.ask(location)).body, receipt.body, 'the receipt stays')
  t.match(await on.audited('revocation.in-force'), { seq, detail: { guards: [{ guard }] } })
  await acknowledging
})
