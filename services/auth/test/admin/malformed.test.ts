/** Cursors and timestamps of the right form but without a meaning are malformed. */
import t from 'tap'
import { writeCursor } from '../../src/admin/cursor.ts'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { assertProblem } from '../helpers/service.ts'

const timestamps = [
  ...['2016-12-31T23:59:60Z', '0000-01-01T00:00:00Z', '2026-01-01T00:00:00+05'],
  ...['2026-01-01T24:00:01Z', '2026-02-30T00:00:00Z'],
]

t.test('admin: impossible cursors are malformed', async t => {
  const { callAsAdmin, admin } = await startWithAdmin(t)
  const times = [1e300, -1e15, 9e15, null, '2026-01-01'].map(time => [time, admin.id])
  const cursors = {
    users: [...times, [0, '-'.repeat(36)], [0, '0'.repeat(36)], [0], []],
    audit: [[1.5], [1e300], ['1'], [null], []],
  }
  for (const [list, keys] of Object.entries(cursors))
    for (const cursor of keys.map(key => writeCursor(key as string[])))
      assertProblem(t, await callAsAdmin(`/admin/${list}?cursor=${cursor}`), 'request-malformed')
  t.equal((await callAsAdmin(`/admin/users?cursor=${writeCursor([0, admin.id])}`)).status, 200)
  t.equal((await callAsAdmin(`/admin/audit?cursor=${writeCursor([Number.MAX_SAFE_INTEGER])}`)).status, 200)
})

t.test('admin: impossible timestamps are malformed, before anything is done', async t => {
  const { callAsAdmin, lastAudit } = await startWithAdmin(t)
  const end = (criteria: object) => callAsAdmin('/admin/sessions/end', { body: { criteria } })
  for (const time of timestamps) {
    for (const path of ['/admin/audit?from=', '/admin/audit?until=', '/admin/audit/export?from='])
      assertProblem(t, await callAsAdmin(`${path}${encodeURIComponent(time)}`), 'request-malformed')
    assertProblem(t, await end({ createdBefore: time }), 'request-malformed')
  }
  t.strictSame(await lastAudit('audit.export'), {})
  t.strictSame(await lastAudit('sessions.end-matching'), {})
  for (const network of ['1.2.3.4/', '1.2.3.4/33', '1.2.3', '::/129', ':::', '1.2.3.4/8/8', '::/000', '1.2.3.4/032'])
    assertProblem(t, await end({ network }), 'request-malformed')
  for (const path of ['/admin/users?email=%00', '/admin/audit?actor=%00', '/admin/audit?address=%00%00']) {
    const { status } = await callAsAdmin(path)
    t.ok(status < 500, `${path}: ${status}`)
  }
})
