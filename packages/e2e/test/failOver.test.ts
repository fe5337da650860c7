/** The database fails over to an asynchronous standby that lacks the last commits, and no operator acts. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onServer, type Postgres, type Standby, startPostgres, startStandby } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { mutationEnv, mutationMarker } from '../src/chaos/mutations/mutations.ts'
import { type FailOver, startFailOver } from '../src/failOver.ts'
import type { Service } from '../src/system.ts'

const rounds = 3
const victimsPerRound = 4

interface Servers {
  databaseUrl: string
  primary: Postgres
  /** In a chain, so that no standby is ahead of the one that is promoted before it. */
  standbys: Standby[]
}

async function startServers(t: Test, count: number): Promise<Servers> {
  const dirOf = () => mkdtemp(join(tmpdir(), 'gatehouse-failover-'))
  const primary = await startPostgres({ dataDir: await dirOf(), persistent: false })
  t.teardown(() => primary.stop())
  const standbys: Standby[] = []
  while (standbys.length < count) {
    const upstream = standbys.at(-1) ?? primary
    const standby = await startStandby({ primary, upstream, dataDir: await dirOf() })
    t.teardown(() => standby.stop())
    standbys.push(standby)
  }
  const hosts = [primary, ...standbys].map(({ port }) => `127.0.0.1:${port}`).join(',')
  const { password } = new URL(primary.url)
  const databaseUrl = `postgresql://postgres:${password}@${hosts}/postgres?target_session_attrs=read-write`
  return { databaseUrl, primary, standbys }
}

/** Revocations and renewals are committed and lost, then the standby is promoted. Guards hold the lost numbers. */
async function loseCommits({ revoke, logIn, untilRenewed }: FailOver, primary: Postgres, standby: Standby) {
  const lost = await logIn(victimsPerRound)
  const next = await logIn(victimsPerRound)
  await standby.untilCaughtUp()
  await standby.stopReceiving()
  await revoke(lost)
  await untilRenewed()
  await primary.kill()
  await standby.promote()
  return next
}

t.test('fail-over: revocations stay true and no client is signed out, without a step by hand', async t => {
  const { databaseUrl, primary, standbys } = await startServers(t, rounds)
  const failOver = await startFailOver({ databaseUrl, replicas: 2, clients: 4 })
  t.teardown(failOver.stop)
  const { auths } = failOver.system
  for (const [round, standby] of standbys.entries()) {
    const victims = await loseCommits(failOver, standbys[round - 1] ?? primary, standby)
    const admitted = await failOver.revokeAndPresent(victims)
    t.same(admitted, [], `round ${round}: no token is admitted whose revocation was in force after the fail-over`)
    await failOver.untilRenewed()
    t.same(failOver.refusals(), [], `round ${round}: no client is signed out`)
  }

  const { rows } = await onServer(
    standbys.at(-1)?.url ?? '',
    `SELECT action, count(*)::int FROM audit_entries
      WHERE action IN ('database.history-changed', 'session.advance', 'session.reuse-detected') GROUP BY 1 ORDER BY 1`,
  )
  t.match(rows, [{ action: 'database.history-changed', count: rounds }, { action: 'session.advance' }])
  t.ok(rows[1]?.count > 0, `${rows[1]?.count} renewals were ahead of their row`)
  const logs = auths.flatMap(({ logs }) =>
    logs.filter(line => line.includes('the history of the database has changed')),
  )
  t.equal(logs.length, rounds, 'of two replicas, one gives the feed its new identity')
  const metrics = await Promise.all(auths.map(({ call }) => call('/metrics')))
  t.ok(metrics.some(({ body }) => /gatehouse_database_history_changes_total [1-9]/.test(String(body))))
  const { body } = await (auths[0] as Service).call('/admin/guards', { token: failOver.admin.accessToken })
  t.match(body, { heldUntil: null, guards: [{ lag: 0 }, { lag: 0 }] })
})

t.test('fail-over: a service that does not notice it has tokens admitted whose revocation is in force', async t => {
  const { databaseUrl, primary, standbys } = await startServers(t, rounds)
  const env = mutationEnv('history-unnoticed')
  const failOver = await startFailOver({ databaseUrl, replicas: 1, clients: 0, env, form: 'src' })
  t.teardown(failOver.stop)
  await failOver.system.auths[0]?.logged(new RegExp(mutationMarker('history-unnoticed')))
  // A guard that polls before the lost numbers are given again sees a feed that is behind it, and reads it anew.
  const admitted: string[] = []
  for (const [round, standby] of standbys.entries()) {
    if (admitted.length > 0) break
    const victims = await loseCommits(failOver, standbys[round - 1] ?? primary, standby)
    admitted.push(...(await failOver.revokeAndPresent(victims)))
  }
  t.not(admitted.length, 0, 'so the test above fails without the fix')
})
