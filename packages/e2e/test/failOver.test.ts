/** The database fails over to an asynchronous standby that lacks the last commits, and no operator acts. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type HttpResponse,
  onServer,
  type Postgres,
  type Standby,
  startPostgres,
  startStandby,
} from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { type Service, startSystem, type Tokens, until } from '../src/system.ts'

const leaseMs = 1500
const marginMs = 300
const env = { LEASE_MS: String(leaseMs), LEASE_MARGIN_MS: String(marginMs), POLL_HOLD_MS: '500' }
const rounds = 3
const victimsPerRound = 4

/** A primary and standbys in a chain, so that no standby is ahead of the one that is promoted before it. */
async function startServers(t: Test): Promise<[Postgres, ...Standby[]]> {
  const dirOf = () => mkdtemp(join(tmpdir(), 'gatehouse-failover-'))
  const primary = await startPostgres({ dataDir: await dirOf(), persistent: false })
  t.teardown(() => primary.stop())
  const standbys: Standby[] = []
  for (let count = 0; count < rounds; count += 1) {
    const upstream = standbys.at(-1) ?? primary
    const standby = await startStandby({ primary, upstream, dataDir: await dirOf() })
    t.teardown(() => standby.stop())
    standbys.push(standby)
  }
  return [primary, ...standbys]
}

/** Renews one after the other, and repeats what got no answer, as the client package does. */
function startClient(auths: readonly Service[], first: string) {
  const state = { renewals: 0, refusals: [] as unknown[], isStopped: false }
  const run = async () => {
    let refreshToken = first
    for (let turn = 0; !state.isStopped; turn += 1) {
      const auth = auths[turn % auths.length] as Service
      const answer = await auth.call('/session/renew', { body: { refreshToken } }).catch(() => undefined)
      if (answer?.status === 200) {
        state.renewals += 1
        refreshToken = (answer.body as Tokens).refreshToken
      } else if (answer?.status === 401) state.refusals.push(answer.body)
      await new Promise(resolve => setTimeout(resolve, 30))
    }
  }
  const done = run()
  const stop = async () => {
    state.isStopped = true
    await done
  }
  return { state, stop }
}

t.test('fail-over: revocations stay true and no client is signed out, without a step by hand', async t => {
  const servers = await startServers(t)
  const hosts = servers.map(({ port }) => `127.0.0.1:${port}`).join(',')
  const { password } = new URL(servers[0].url)
  const databaseUrl = `postgresql://postgres:${password}@${hosts}/postgres?target_session_attrs=read-write`
  const system = await startSystem({ databaseUrl, auths: 2, resources: 2, env })
  t.teardown(system.stop)
  const { auths, resources, login } = system
  const admin = await login(await system.createAccount('admin@example.org', ['--role', 'admin']))
  const user = await system.createAccount('ada@example.org')
  const victims: Tokens[] = []
  for (let count = 0; count < 2 * rounds * victimsPerRound; count += 1) victims.push(await login(user))
  const clients: ReturnType<typeof startClient>[] = []
  for (let count = 0; count < 4; count += 1) clients.push(startClient(auths, (await login(user)).refreshToken))
  t.teardown(() => Promise.all(clients.map(({ stop }) => stop())))

  /** Repeats the call until it is answered that the revocation is in force. */
  const revoke = async ({ sessionId }: Tokens, turn: number) => {
    const auth = auths[turn % 2] as Service
    let receipt: HttpResponse | undefined
    await until(async () => {
      receipt = await auth.call(`/admin/sessions/${sessionId}/end`, { token: admin.accessToken, body: {} })
      return (receipt.body as { inForce?: boolean }).inForce === true
    })
  }
  const admitted: string[] = []
  /** The two resource services refuse the token now, and during the next lease. */
  const assertRefused = async ({ accessToken, sessionId }: Tokens) => {
    for (const endMs = performance.now() + leaseMs; performance.now() < endMs; ) {
      for (const { call } of resources) {
        const { status } = await call('/storage', { token: accessToken })
        if (status === 200) admitted.push(sessionId)
      }
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }

  for (const [round, standby] of (servers.slice(1) as Standby[]).entries()) {
    const primary = servers[round] as Postgres
    await standby.untilCaughtUp()
    await standby.stopReceiving()
    // These commits are lost, and the guards hold their numbers.
    const lost = victims.splice(0, victimsPerRound)
    await Promise.all(lost.map(revoke))
    const before = clients.map(({ state }) => state.renewals)
    await until(async () => clients.every(({ state }, index) => state.renewals > (before[index] ?? 0) + 2))
    await primary.kill()
    await standby.promote()

    const next = victims.splice(0, victimsPerRound)
    await Promise.all(next.map((victim, turn) => revoke(victim, turn).then(() => assertRefused(victim))))
    t.same(admitted, [], `round ${round}: no token is admitted whose revocation was in force after the fail-over`)
    const renewed = clients.map(({ state }) => state.renewals)
    await until(async () => clients.every(({ state }, index) => state.renewals > (renewed[index] ?? 0) + 2))
    t.same(
      clients.flatMap(({ state }) => state.refusals),
      [],
      `round ${round}: no client is signed out`,
    )
  }

  const { rows } = await onServer(
    servers.at(-1)?.url ?? '',
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
  const { body } = await (auths[0] as Service).call('/admin/guards', { token: admin.accessToken })
  t.match(body, { heldUntil: null, guards: [{ lag: 0 }, { lag: 0 }] })
})
