/** Ending one session in one statement: its entry in the feed, and concurrent requests. */
import t from 'tap'
import { holdRevocationClock, untilBlocked } from '../helpers/locks.ts'
import { startRevocationService } from '../helpers/revocationMethods.ts'

interface Answer {
  seq: number
  sessionsEnded: number
}

t.test('end session: of two concurrent requests the second returns the entry of the first', async t => {
  const service = await startRevocationService(t)
  const end = service.methods['an admin ending the session']
  if (end === undefined) throw new Error('no such method')
  for (let round = 0; round < 5; round += 1) {
    const victim = await service.createVictim()
    const clock = await holdRevocationClock(t, service)
    const first = end(victim)
    await untilBlocked(service, 1)
    const second = end(victim)
    await untilBlocked(service, 2)
    await clock.release()
    const answers = (await Promise.all([first, second])).map(({ body }) => body as Answer)
    const { rows } = await service.database.pool.query('SELECT seq::int FROM revocations WHERE subject = $1', [
      victim.sessionId,
    ])
    t.equal(rows.length, 1)
    t.match(answers, [
      { sessionsEnded: 1, seq: rows[0].seq },
      { sessionsEnded: 0, seq: rows[0].seq },
    ])
  }
})

t.test('end session: forty concurrent ends get forty consecutive entries, each with its audit row', async t => {
  const service = await startRevocationService(t)
  const user = await service.createUser()
  const sessions = await Promise.all(Array.from({ length: 40 }, () => service.login(user)))
  const { rows: before } = await service.database.pool.query('SELECT head::int FROM revocation_clock')
  const responses = await Promise.all(
    sessions.map(({ sessionId, accessToken: token }) =>
      service.call(`/sessions/${sessionId}`, { method: 'DELETE', token }),
    ),
  )
  for (const { status, body } of responses)
    t.match({ status, body }, { status: 200, body: { sessionsEnded: 1, inForce: true } })
  const { rows } = await service.database.pool.query(
    `SELECT entry.seq::int, entry.subject, audit.target, audit.action, entry.expires_at - entry.created_at >= interval '5 minutes' AS "isLong"
       FROM revocations AS entry JOIN audit_entries AS audit ON audit.seq = entry.seq AND audit.action = 'session.revoked'
      ORDER BY entry.seq`,
  )
  t.same(
    rows.map(({ seq }) => seq),
    sessions.map((_session, index) => before[0].head + index + 1),
  )
  t.same(rows.map(({ subject }) => subject).sort(), sessions.map(({ sessionId }) => sessionId).sort())
  for (const { subject, target, isLong } of rows) t.match({ target, isLong }, { target: subject, isLong: true })
})

t.test('revocation: its entry is kept for the longest token lifetime plus the margin', async t => {
  const service = await startRevocationService(t, { ACCESS_TOKEN_SECONDS: '60', REVOCATION_MARGIN_MS: '20000' })
  for (const [name, revoke] of Object.entries(service.methods)) {
    const { status } = await revoke(await service.createVictim())
    t.ok(status < 300, name)
  }
  const { rows } = await service.database.pool.query(
    `SELECT extract(epoch FROM expires_at - created_at)::float8 AS seconds FROM revocations`,
  )
  t.ok(rows.length >= 5)
  for (const { seconds } of rows) t.ok(seconds >= 79.9 && seconds < 81, `${seconds} s`)
})
