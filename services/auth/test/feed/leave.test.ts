/** A guard that has left: an earlier poll must not make a revocation wait for it. */
import t from 'tap'
import { sha256 } from '../../src/keys/hmac.ts'
import { readLiveGuards, removeGuard } from '../../src/store/guards.ts'
import { type PollRow, writePolls } from '../../src/store/writePolls.ts'
import { holdLock, untilBlocked } from '../helpers/locks.ts'
import { guardSecret, startService } from '../helpers/service.ts'

const id = '11111111-1111-4111-8111-111111111111'
const limits = { leaseMs: 15_000, marginMs: 2000, pageSize: 2000, guardsPerClient: 10 }

t.test('leave: a poll that executes after the leave does not create the row again', async t => {
  const service = await startService(t)
  const { database, query } = service
  const rows = await query('SELECT feed_id FROM revocation_clock')
  const row: PollRow = {
    guard: id,
    clientId: 'guards',
    secretHash: sha256(guardSecret),
    name: 'guard',
    version: '1',
    feedId: null,
    after: null,
  }
  const poll = async (more: Partial<PollRow> = {}) =>
    (await writePolls(database.rawSql, [{ ...row, ...more }], limits)).get(id)
  const known = { feedId: rows[0].feed_id as string, after: 0 }
  const live = async () => (await readLiveGuards(database.prisma)).guards.length

  await poll()
  t.match(await poll(known), { refused: null, leaseMs: limits.leaseMs })
  t.equal(await live(), 1)
  await removeGuard(database.prisma, { id, clientId: 'guards' })
  t.match(await poll(known), { refused: 'feed-changed' })
  t.equal(await live(), 0)

  await poll()
  await poll(known)
  const leaving = await holdLock(t, service, 'DELETE FROM guards WHERE id = $1', [id])
  const late = poll(known)
  await untilBlocked(service, 1)
  await leaving.release()
  t.match(await late, { refused: 'feed-changed' }, 'though it waited for the row while that went')
  t.equal(await live(), 0)
})
