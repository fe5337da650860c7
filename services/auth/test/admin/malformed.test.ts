/**
 * Cursors and timestamps that have the form of the schema but no meaning are malformed, not an
 * internal error.
 */
import t from 'tap'
import { writeCursor } from '../../src/admin/cursor.ts'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { assertProblem } from '../helpers/service.ts'

const timestamps = [
  '2016-12-31T23:59:60Z',
  '0000-01-01T00:00:00Z',
  '2026-01-01T00:00:00+05',
  '2026-01-01T24:00:01Z',
  '2026-02-30T00:00:00Z',
]

t.test('admin: impossible cursors are malformed', async t => {
  const { callAsAdmin, admin } = await startWithAdmin(t)
  const accounts = [
    [0, '-'.repeat(36)],
    [0, '0'.repeat(36)],
    [1e300, admin.id],
    [-1e15, admin.id],
    [9e15, admin.id],
    [null, admin.id],
    ['2026-01-01', admin.id],
    [0],
    [],
  ]
  for (const keys of accounts) {
    const cursor = writeCursor(keys as string[])
    assertProblem(t, await callAsAdmin(`/admin/users?cursor=${cursor}`), 'request-malformed')
  }
  for (const keys of [[1.5], [1e300], ['1'], [null], []]) {
    const cursor = writeCursor(keys as string[])
    assertProblem(t, await callAsAdmin(`/admin/audit?cursor=${cursor}`), 'request-malformed')
  }
  t.equal((await callAsAdmin(`/admin/users?cursor=${writeCursor([0, admin.id])}`)).status, 200)
  t.equal((await callAsAdmin(`/admin/audit?cursor=${writeCursor([Number.MAX_SAFE_INTEGER])}`)).status, 200)
})

t.test('admin: impossible timestamps are malformed, before anything is done', async t => {
  const { callAsAdmin, lastAudit } = await startWithAdmin(t)
  for (const time of timestamps.map(encodeURIComponent)) {
    for (const path of ['/admin/audit?from=', '/admin/audit?until=', '/admin/audit/export?from=']) {
      assertProblem(t, await callAsAdmin(`${path}${time}`), 'request-malformed')
    }
  }
  for (const createdBefore of timestamps) {
    const response = await callAsAdmin('/admin/sessions/end', { body: { criteria: { createdBefore } } })
    assertProblem(t, response, 'request-malformed')
  }
  t.strictSame(await lastAudit('audit.export'), {})
  t.strictSame(await lastAudit('sessions.end-matching'), {})
  for (const network of ['1.2.3.4/', '1.2.3.4/33', '1.2.3', '::/129', ':::', '1.2.3.4/999', '::/000', '1.2.3.4/032']) {
    const response = await callAsAdmin('/admin/sessions/end', { body: { criteria: { network } } })
    assertProblem(t, response, 'request-malformed')
  }
  for (const path of ['/admin/users?email=%00', '/admin/audit?actor=%00', '/admin/audit?address=%00%00']) {
    const { status } = await callAsAdmin(path)
    t.ok(status < 500, `${path}: ${status}`)
  }
})
