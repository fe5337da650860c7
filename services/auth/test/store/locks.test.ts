/** Which locks a change takes: unrelated changes must not wait for each other. */
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { holdLock, untilBlocked } from '../helpers/locks.ts'

t.test('accounts: a change to an account that is no admin does not wait for the lock of the admins', async t => {
  const service = await startWithAdmin(t)
  const [ada, bob] = [await service.createUser(), await service.createUser({ roles: ['admin'] })]
  const held = await holdLock(t, service, 'SELECT pg_advisory_xact_lock(428319100418)')
  t.equal((await service.callAsAdmin(`/admin/users/${ada.id}/disable`, { body: {} })).status, 200)
  const waiting = service.callAsAdmin(`/admin/users/${bob.id}/disable`, { body: {} })
  await untilBlocked(service, 1)
  await held.release()
  t.equal((await waiting).status, 200)
})

t.test('end-all: counts the sessions before it takes the lock of the feed', async t => {
  const service = await startWithAdmin(t)
  // The count waits for this lock, and the request for the count.
  const held = await holdLock(t, service, 'ALTER TABLE sessions ADD COLUMN held int')
  const body = { confirm: 'end every session' }
  const ended = service.callAsAdmin('/admin/sessions/end-all', { body })
  await untilBlocked(service, 1)
  await service.query('SELECT head FROM revocation_clock WHERE id = 1 FOR UPDATE NOWAIT')
  await held.release()
  t.match(await ended, { status: 200, body: { sessionsEnded: 1, inForce: true } })
})
