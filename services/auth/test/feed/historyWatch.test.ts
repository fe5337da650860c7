/** On an engine without timelines only the heartbeat shows that commits were lost. */
import { until } from '@gatehouse/testkit'
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'

t.test('history: without timelines, a heartbeat that went back gives the feed a new identity and holds', async t => {
  const service = await startWithAdmin(t)
  const query = async (text: string) => (await service.database.pool.query(text)).rows[0]
  await query(
    `CREATE OR REPLACE FUNCTION database_history() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'unknown' $$`,
  )
  await query(`UPDATE revocation_clock SET history = 'unknown'`)
  const { feed_id: feedId } = await query('SELECT feed_id FROM revocation_clock')
  await query('UPDATE database_heartbeat SET beat = 100')
  await until(async () => (await query('SELECT beat > 100 AS "isRaised" FROM database_heartbeat')).isRaised, 'a beat')

  // A fail-over that lost the last commits.
  await query('UPDATE database_heartbeat SET beat = 50')
  await until(async () => (await query('SELECT feed_id FROM revocation_clock')).feed_id !== feedId, 'a new feed')
  t.match(await service.lastAudit('database.history-changed'), { detail: { from: 'unknown', to: 'unknown' } })
  t.type(((await service.callAsAdmin('/admin/guards')).body as { heldUntil: unknown }).heldUntil, 'string')
})
