/** Patroni fails over to its standby, which lacks the last commits, and no operator acts. */
import { onServer, until } from '@gatehouse/testkit'
import t from 'tap'
import { startFailOver } from '../src/failOver.ts'
import { missingForPatroni, startPatroni } from '../src/patroni.ts'

const missing = missingForPatroni()
const skip = missing === undefined ? false : `SKIPPED: ${missing}`
if (skip) console.error(`# ${skip}`)

t.test('Patroni: revocations stay true and no client is signed out, without a step by hand', { skip }, async t => {
  const { nodes, databaseUrl, stop } = await startPatroni()
  t.teardown(stop)
  const [first, second] = nodes
  const failOver = await startFailOver({ databaseUrl, replicas: 2, clients: 4 })
  t.teardown(failOver.stop)
  const lost = await failOver.logIn(4)
  const victims = await failOver.logIn(4)
  const lsn = (await onServer(first.url, 'SELECT pg_current_wal_lsn()::text AS lsn')).rows[0]?.lsn
  await until(async () => {
    const sql = `SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS "isReplayed"`
    return (await onServer(second.url, sql)).rows[0]?.isReplayed === true
  })

  // Frozen, because it would repair the replication.
  second.freeze()
  await onServer(second.url, `ALTER SYSTEM SET primary_conninfo = ''`)
  await onServer(second.url, 'SELECT pg_reload_conf()')
  await until(async () => (await onServer(second.url, 'SELECT 1 FROM pg_stat_wal_receiver')).rowCount === 0)
  await failOver.revoke(lost)
  await failOver.untilRenewed()
  await first.kill()
  second.thaw()
  await until(second.isPrimary)

  t.same(await failOver.revokeAndPresent(victims), [], 'no token is admitted whose revocation was in force')
  await failOver.untilRenewed()
  t.same(failOver.refusals(), [], 'no client is signed out')
  const { rows } = await onServer(
    second.url,
    `SELECT action, count(*)::int FROM audit_entries
      WHERE action IN ('database.history-changed', 'session.advance', 'session.reuse-detected') GROUP BY 1 ORDER BY 1`,
  )
  t.match(rows, [{ action: 'database.history-changed', count: 1 }, { action: 'session.advance' }], 'changed once')
  t.equal(rows.length, 2)
})
