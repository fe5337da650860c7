/** Renewals beside each kind of revocation leave no valid token after its response. */
import type { HttpResponse } from '@gatehouse/testkit'
import t from 'tap'
import { holdRevocationClock, inOrder, pauseWrites, untilBlocked } from '../helpers/locks.ts'
import { type RevocationService, startRevocationService, type Victim } from '../helpers/revocationMethods.ts'
import { assertProblem, password, type TestSession } from '../helpers/service.ts'
import { effectOf } from '../helpers/tokens.ts'

const methodNames = [
  'its owner logging out',
  'its owner ending it from another device',
  'its owner ending all others',
  'its owner changing the password',
  'an admin disabling the account',
  'an admin ending all its sessions',
  'an admin ending the session',
]

function revoke(service: RevocationService, name: string, victim: Victim): Promise<HttpResponse> {
  const run = service.methods[name]
  if (run === undefined) throw new Error(name)
  return run(victim)
}

t.test('races: a renewal beside each kind of revocation, in either order', async t => {
  const service = await startRevocationService(t)
  t.same(Object.keys(service.methods), methodNames, 'every method is in the tables of this file')

  for (const name of methodNames) {
    t.test(`renew: waits for ${name} and is then refused`, async t => {
      const victim = await service.createVictim()
      const clock = await holdRevocationClock(t, service)
      const [revoked, renewed] = await inOrder(service, clock, [
        () => revoke(service, name, victim),
        () => service.renew(victim.refreshToken),
      ])
      t.ok(revoked.status < 300)
      assertProblem(t, renewed, 'session-ended')
      t.ok(await effectOf(service, victim.accessToken))
    })

    t.test(`${name}: waits for a running renewal and covers its token`, async t => {
      const victim = await service.createVictim()
      const update = await pauseWrites(t, service, 'UPDATE ON refresh_tokens')
      const [renewed, revoked] = await inOrder(service, update, [
        () => service.renew(victim.refreshToken),
        () => revoke(service, name, victim),
      ])
      const { status, body } = renewed
      t.equal(status, 200)
      t.ok(revoked.status < 300)
      const { accessToken, refreshToken } = body as TestSession
      t.ok(await effectOf(service, accessToken), 'the access token is covered')
      assertProblem(t, await service.renew(refreshToken), 'session-ended')
      assertProblem(t, await service.renew(victim.refreshToken), 'session-ended')
    })
  }
})

t.test('races: a renewal beside the end of all sessions yields only tokens that the entry covers', async t => {
  const service = await startRevocationService(t)
  const { accessToken: token } = await service.login(await service.createUser({ roles: ['admin'] }))
  const victim = await service.createVictim()
  const clock = await holdRevocationClock(t, service)
  const body = { confirm: 'end every session' }
  const revoked = service.call('/admin/sessions/end-all', { token, body })
  await untilBlocked(service, 1)
  const beside = await service.renew(victim.refreshToken)
  t.equal(beside.status, 200)
  await clock.release()
  t.equal((await revoked).status, 200)
  const { accessToken, refreshToken } = beside.body as TestSession
  t.equal(await effectOf(service, accessToken), 'ended')
  assertProblem(t, await service.renew(refreshToken), 'session-ended')
  assertProblem(t, await service.call('/me', { token }), 'session-ended')
  const next = await service.login(victim.user)
  t.equal(await effectOf(service, next.accessToken), undefined, 'a log-in right after it is not covered')
})

t.test('races: of two concurrent password changes one succeeds and the other is a conflict', async t => {
  const service = await startRevocationService(t)
  const { accessToken: token, user } = await service.createVictim()
  const change = (newPassword: string) =>
    service.call('/me/password', { method: 'PUT', token, body: { currentPassword: password, newPassword } })
  const wanted = ['the first long passphrase', 'the second long passphrase']
  const responses = await Promise.all(wanted.map(change))
  const winner = responses.findIndex(({ status }) => status === 200)
  const loser = responses[1 - winner]
  if (loser === undefined) throw new Error('no call won')
  assertProblem(t, loser, 'conflict')
  t.ok(await service.login(user, { password: wanted[winner] }))
})
