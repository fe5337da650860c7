/** Ending one session in one statement: its entry in the feed, and concurrent requests. */
import { pgProxy } from '@gatehouse/testkit'
import t from 'tap'
import { holdRevocationClock, inOrder } from '../helpers/locks.ts'
import { startReplica, untilStarted } from '../helpers/replicas.ts'
import { startRevocationService } from '../helpers/revocationMethods.ts'
import type { TestSession } from '../helpers/service.ts'

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
    const [first, second] = await inOrder(service, clock, [() => end(victim), () => end(victim)])
    const answers = [first, second].map(({ body }) => body as Answer)
    const rows = await service.query('SELECT seq::int FROM revocations WHERE subject = $1', [victim.sessionId])
    t.equal(rows.length, 1)
    t.match(answers, [
      { sessionsEnded: 1, seq: rows[0].seq },
      { sessionsEnded: 0, seq: rows[0].seq },
    ])
  }
})

t.test('end session: thirty concurrent ends share statements; each has its entry, audit row and receipt', async t => {
  const service = await startRevocationService(t)
  const proxy = await pgProxy(t, service.database.url)
  const counted = await startReplica(t, service, { DATABASE_URL: proxy.url, HOUSEKEEPING_SECONDS: '86400' })
  const polling = await startReplica(t, service, { WAKE: 'poll' })
  const user = await service.createUser()
  const sessions: TestSession[] = []
  while (sessions.length < 60)
    sessions.push(...(await Promise.all(Array.from({ length: 20 }, () => service.login(user)))))
  await untilStarted(service, counted)
  const before = await service.query('SELECT head::int FROM revocation_clock')
  for (const [index, { call }] of [counted, polling].entries()) {
    const some = sessions.slice(index * 30, index * 30 + 30)
    proxy.statements()
    const responses = await Promise.all(
      some.map(({ sessionId, accessToken: token }) => call(`/sessions/${sessionId}`, { method: 'DELETE', token })),
    )
    const statements = proxy.statements()
    for (const { status, body } of responses)
      t.match({ status, body }, { status: 200, body: { sessionsEnded: 1, inForce: true } })
    // Alone, each would take three: the caller, the end and the receipt.
    if (index === 0) t.ok(statements < 60, `${statements} statements for 30 ends`)
  }
  const rows = await service.query(
    `SELECT entry.seq::int, entry.subject, audit.target, receipt.detail AS receipt, entry.expires_at - entry.created_at >= interval '5 minutes' AS "isLong"
       FROM revocations AS entry
       JOIN audit_entries AS audit ON audit.seq = entry.seq AND audit.action = 'session.revoked'
       JOIN audit_entries AS receipt ON receipt.seq = entry.seq AND receipt.action = 'revocation.in-force'
      ORDER BY entry.seq`,
  )
  const seqs = rows.map(({ seq }) => seq)
  t.same(
    seqs,
    sessions.map((_session, index) => before[0].head + index + 1),
  )
  t.same(rows.map(({ subject }) => subject).sort(), sessions.map(({ sessionId }) => sessionId).sort())
  for (const { subject, target, isLong, receipt } of rows)
    t.match(
      { target, isLong, receipt },
      { target: subject, isLong: true, receipt: { waitedMs: Number, guards: { length: 0 } } },
    )
  t.match((await counted.call('/metrics')).body, /gatehouse_revoke_batch_size_count [1-9]/)
})

t.test('revocation: its entry is kept for the longest token lifetime plus the margin', async t => {
  const service = await startRevocationService(t, { ACCESS_TOKEN_SECONDS: '60', REVOCATION_MARGIN_MS: '20000' })
  for (const [name, revoke] of Object.entries(service.methods)) {
    const { status } = await revoke(await service.createVictim())
    t.ok(status < 300, name)
  }
  const rows = await service.query(
    `SELECT extract(epoch FROM expires_at - created_at)::float8 AS seconds FROM revocations`,
  )
  t.ok(rows.length >= 5)
  // The last heartbeat adds up to four seconds.
  for (const { seconds } of rows) t.ok(seconds >= 79.9 && seconds < 85, `${seconds} s`)
})
