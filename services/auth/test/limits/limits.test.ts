/** Limits that hold across replicas, and hinder nobody but whoever ran into them. */
import type { Call } from '@gatehouse/testkit'
import t from 'tap'
import { office } from '../admin/people.ts'
import { replica } from '../replicas.ts'
import { isRefusal, stage } from '../stage.ts'

t.test('invented refresh tokens are stopped by address, and genuine ones from there go on', async t => {
  const on = await stage(t, { RENEW_FAILURES: '3' })
  const { call: other } = await replica(t, on)
  const session = await on.login(await on.person())
  const invent = (call: Call) => call('/session/renew', { body: { refreshToken: 'ghr_invented' } })
  for (let tries = 0; tries < 3; tries += 1) isRefusal(t, await invent(on.call), 'refresh-invalid')
  const stopped = await invent(on.call)
  isRefusal(t, stopped, 'rate-limited')
  t.match(stopped.headers.get('ratelimit'), /^"renew";r=0;t=\d+$/)
  t.equal(stopped.headers.get('ratelimit-policy'), '"renew";q=3;w=60')
  isRefusal(t, await invent(other), 'refresh-invalid')
  isRefusal(t, await invent(other), 'rate-limited')
  t.equal((await on.call('/session/renew', { body: { refreshToken: session.refreshToken } })).status, 200)
})

t.test('a client in a loop with a dead token is stopped, and its other session goes on', async t => {
  const on = await stage(t, { RENEW_FAILURES: '3' })
  const ada = await on.person()
  const [dead, alive] = [await on.login(ada), await on.login(ada)]
  await on.call('/session', { method: 'DELETE', body: { refreshToken: dead.refreshToken } })
  const renew = ({ refreshToken }: { refreshToken: string }) => on.call('/session/renew', { body: { refreshToken } })
  for (let tries = 0; tries < 3; tries += 1) isRefusal(t, await renew(dead), 'session-ended')
  isRefusal(t, await renew(dead), 'rate-limited')
  isRefusal(t, await renew(dead), 'rate-limited')
  const throttles = await on.database.prisma.$queryRaw<unknown[]>`
    SELECT target, address FROM audit_entries WHERE action = 'session.renew' AND outcome = 'rate-limited'`
  t.strictSame(throttles, [{ target: dead.sessionId, address: '127.0.0.1' }], 'it is written down once')
  t.equal((await renew(alive)).status, 200)
})

t.test(
  'admin calls are counted over all replicas, for each caller apart, and each answer says what is left',
  async t => {
    const on = await office(t, { ADMIN_CALLS: '4' })
    const { call: other } = await replica(t, on)
    const colleague = await on.login(await on.person({ roles: ['admin'] }))
    const first = await on.ask('/admin/clients')
    t.match(first.headers.get('ratelimit'), /^"admin";r=3;t=\d+$/)
    t.equal(first.headers.get('ratelimit-policy'), '"admin";q=4;w=60')
    for (let calls = 0; calls < 3; calls += 1)
      t.equal((await other('/admin/clients', { token: on.admin.accessToken })).status, 200)
    const stopped = await on.ask('/admin/clients')
    isRefusal(t, stopped, 'rate-limited')
    t.match(stopped.headers.get('ratelimit'), /^"admin";r=0/)
    isRefusal(t, await other('/admin/clients', { token: on.admin.accessToken }), 'rate-limited')
    t.match(await on.audited('admin.call'), { actor: on.admin.id, target: '/admin/clients', outcome: 'rate-limited' })
    t.equal((await on.call('/admin/clients', { token: colleague.accessToken })).status, 200)
    t.equal((await on.call('/me', { token: on.admin.accessToken })).status, 200, 'what is not an admin call goes on')
  },
)
