/** Renewal beside every kind of revocation: whichever is first, nothing that it gave is left once the revocation has answered. */
import t from 'tap'
import { holdClock, pauseBefore, untilWaiting } from '../helpers/locks.ts'
import { type Scene, scene, type Victim } from '../helpers/revocationMethods.ts'
import { type HttpResponse, isRefusal, password, type Session } from '../helpers/service.ts'
import { coveredAs } from '../helpers/tokens.ts'

const acts = [
  'its owner logging out',
  'its owner ending it from another device',
  'its owner ending all others',
  'its owner changing the password',
  'an admin disabling the account',
  'an admin ending all its sessions',
  'an admin ending the session',
]

function act(place: Scene, name: string, victim: Victim): Promise<HttpResponse> {
  const run = place.acts[name]
  if (run === undefined) throw new Error(name)
  return run(victim)
}

t.test('a renewal and a revocation of its session, in either order', async t => {
  const place = await scene(t)
  t.same(Object.keys(place.acts), acts, 'every act is in the tables of this file')

  for (const name of acts) {
    t.test(`a renewal that finds ${name} under way waits for it, and is refused`, async t => {
      const victim = await place.victim()
      const clock = await holdClock(t, place)
      const revoked = act(place, name, victim)
      await untilWaiting(place, 1)
      const renewed = place.renew(victim.refreshToken)
      await untilWaiting(place, 2)
      await clock.release()
      t.ok((await revoked).status < 300)
      isRefusal(t, await renewed, 'session-ended')
      t.ok(await coveredAs(place, victim.accessToken))
    })

    t.test(`${name} that finds a renewal under way waits for it, and covers what it gave`, async t => {
      const victim = await place.victim()
      const update = await pauseBefore(t, place, 'UPDATE ON refresh_tokens')
      const renewed = place.renew(victim.refreshToken)
      await untilWaiting(place, 1)
      const revoked = act(place, name, victim)
      await untilWaiting(place, 2)
      await update.release()
      const { status, body } = await renewed
      t.equal(status, 200)
      t.ok((await revoked).status < 300)
      const { accessToken, refreshToken } = body as Session
      t.ok(await coveredAs(place, accessToken), 'the access token is covered')
      isRefusal(t, await place.renew(refreshToken), 'session-ended')
      isRefusal(t, await place.renew(victim.refreshToken), 'session-ended')
    })
  }
})

t.test('a renewal beside the break-glass gives a token that the entry covers, and none after it', async t => {
  const place = await scene(t)
  const { accessToken: token } = await place.login(await place.person({ roles: ['admin'] }))
  const victim = await place.victim()
  const clock = await holdClock(t, place)
  const body = { confirm: 'end every session' }
  const revoked = place.call('/admin/sessions/end-all', { token, body })
  await untilWaiting(place, 1)
  const beside = await place.renew(victim.refreshToken)
  t.equal(beside.status, 200)
  await clock.release()
  t.equal((await revoked).status, 200)
  const { accessToken, refreshToken } = beside.body as Session
  t.equal(await coveredAs(place, accessToken), 'ended')
  isRefusal(t, await place.renew(refreshToken), 'session-ended')
  isRefusal(t, await place.call('/me', { token }), 'session-ended')
  const next = await place.login(victim.person)
  t.equal(await coveredAs(place, next.accessToken), undefined, 'a log-in right after it is not covered')
})

t.test('over 30 rounds of everything at once on two replicas, no renewal succeeds after the answer', async t => {
  const place = await scene(t)
  for (let round = 0; round < 30; round += 1) {
    const victim = await place.victim()
    const name = acts[round % acts.length] ?? ''
    const renewals = Promise.all(Array.from({ length: 4 }, () => place.renew(victim.refreshToken)))
    const revoked = await act(place, name, victim)
    t.ok(revoked.status < 300, name)
    const after = await place.renew(victim.refreshToken)
    isRefusal(t, after, 'session-ended')
    for (const { status, body } of await renewals) {
      if (status !== 200) continue
      const { accessToken, refreshToken } = body as Session
      t.ok(await coveredAs(place, accessToken), `${name}: a token made beside it is covered`)
      isRefusal(t, await place.renew(refreshToken), 'session-ended')
    }
    t.ok(await coveredAs(place, victim.accessToken), name)
  }
})

t.test('of two password changes at once one wins, and the other is told so', async t => {
  const place = await scene(t)
  const { accessToken: token, person } = await place.victim()
  const change = (newPassword: string) =>
    place.call('/me/password', { method: 'PUT', token, body: { currentPassword: password, newPassword } })
  const wanted = ['the first long passphrase', 'the second long passphrase']
  const answers = await Promise.all(wanted.map(change))
  const winner = answers.findIndex(({ status }) => status === 200)
  const loser = answers[1 - winner]
  if (loser === undefined) throw new Error('nobody won')
  isRefusal(t, loser, 'conflict')
  t.ok(await place.login(person, { password: wanted[winner] }))
})
