/** The routes of guards: who may poll, what a page contains, and who gets a lease. */
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { sha256 } from '../../src/keys/hmac.ts'
import { putServiceClient } from '../../src/store/serviceClients.ts'
import { appendEntries, type TestGuard, testGuard } from '../helpers/feedGuard.ts'
import { assertProblem, basic, issuer, startService, type TestService } from '../helpers/service.ts'

const short = { POLL_HOLD_MS: '50' }

async function client({ database }: TestService, id: string, scopes = ['guard']): Promise<string> {
  await putServiceClient(database.prisma, { id, name: id, secretHash: sha256(`secret of ${id}`), scopes })
  return basic(id, `secret of ${id}`)
}

async function guardRow({ query }: TestService, id: string) {
  return (await query('SELECT * FROM guards WHERE id = $1', [id]))[0]
}

t.test('feed: only a service client with the scope `guard` and its secret may poll or leave', async t => {
  const service = await startService(t, short)
  const bad: Record<string, string> = {
    'unknown client': basic('nobody', 'x'),
    'wrong secret': basic('guards', 'x'),
    'no secret': basic('guards', ''),
    'another scope': await client(service, 'introspector', ['introspect']),
    'not Basic': 'Bearer x',
    'not base64': 'Basic !!!',
    'no colon': `Basic ${Buffer.from('guards').toString('base64')}`,
    NUL: `Basic ${Buffer.from('guards\0:x').toString('base64')}`,
    'bad percent-encoding': `Basic ${Buffer.from('guards:%zz').toString('base64')}`,
    'invalid UTF-8': `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}`,
    'NUL in disguise': `Basic ${Buffer.from('guards%00:x').toString('base64')}`,
    'half a surrogate pair': `Basic ${Buffer.from('%ED%A0%80:x').toString('base64')}`,
    endless: basic('guards', 'x'.repeat(700)),
  }
  for (const [name, authorization] of Object.entries(bad)) {
    const { poll, id } = testGuard(service, { authorization })
    const response = await poll()
    t.comment(name)
    assertProblem(t, response, 'client-invalid')
    t.match(response.headers.get('www-authenticate'), /^Basic realm=/)
    t.equal(await guardRow(service, id), undefined)
    const leave = await service.call('/guards/leave', { body: { guard: id }, headers: { authorization } })
    assertProblem(t, leave, 'client-invalid')
  }
  assertProblem(t, await service.call('/guards/poll', { body: {} }), 'request-malformed')
})

t.test('feed: each answer repeats the `Poll-Id` of its poll, and one that is no UUID is refused', async t => {
  const service = await startService(t, short)
  const guard = testGuard(service)
  const statusOf = async ({ poll }: TestGuard, more = {}) => {
    const pollId = randomUUID()
    const { status, headers } = await poll(more, { 'poll-id': pollId })
    t.equal(headers.get('poll-id'), pollId)
    return status
  }
  t.equal(await statusOf(guard), 200)
  t.equal(await statusOf(guard, { feedId: randomUUID(), after: 0 }), 409)
  t.equal(await statusOf(testGuard(service, { authorization: 'Basic x' })), 401)
  t.equal((await guard.poll()).headers.get('poll-id'), null)
  assertProblem(t, await guard.poll({}, { 'poll-id': 'a b' }), 'request-malformed')
})

t.test('feed: the previous secret is accepted until its overlap ends', async t => {
  const service = await startService(t, short)
  await service.query(
    `UPDATE service_clients SET previous_secret_hash = secret_hash, secret_hash = $1,
            previous_secret_ends_at = now() + interval '1 minute'`,
    [sha256('the new one')],
  )
  const [old, fresh] = [testGuard(service), testGuard(service, { authorization: basic('guards', 'the new one') })]
  for (const guard of [old, fresh]) t.equal((await guard.poll()).status, 200)
  await service.query(`UPDATE service_clients SET previous_secret_ends_at = now()`)
  assertProblem(t, await old.poll(), 'client-invalid')
  t.equal((await fresh.poll()).status, 200)
})

t.test("feed: another client can neither poll with a guard's id nor delete its row", async t => {
  const service = await startService(t, short)
  const guard = testGuard(service)
  const { feedId, after } = await guard.start()
  const authorization = await client(service, 'other')
  const impostor = testGuard(service, { id: guard.id, authorization })
  const before = await guardRow(service, guard.id)
  assertProblem(t, await impostor.poll({ feedId, after }), 'client-invalid')
  await service.call('/guards/leave', { body: { guard: guard.id }, headers: { authorization } })
  t.same(await guardRow(service, guard.id), before)
})

t.test('feed: concurrent polls with a wrong secret do not cost the guard its lease', async t => {
  const service = await startService(t, short)
  const guard = testGuard(service)
  const { feedId, after } = await guard.start()
  const impostor = testGuard(service, { id: guard.id, authorization: basic('guards', 'guessed') })
  const own = guard.pollAccepted({ feedId, after })
  const forged = await Promise.all(Array.from({ length: 20 }, () => impostor.poll({ feedId, after })))
  for (const response of forged) assertProblem(t, response, 'client-invalid')
  t.equal((await own).leaseMs, 15_000)
})

t.test('feed: a cursor beyond the head or of another feed is feed-changed, an impossible one malformed', async t => {
  const service = await startService(t, short)
  await appendEntries(service, 3)
  const { poll, pollAccepted, id } = testGuard(service)
  const { feedId, head } = await pollAccepted()
  t.equal(head, 3)
  for (const cursor of [
    { feedId, after: 4 },
    { feedId, after: Number.MAX_SAFE_INTEGER },
    { feedId: randomUUID(), after: 3 },
    { feedId: randomUUID(), after: 0 },
  ])
    assertProblem(t, await poll(cursor), 'feed-changed')
  for (const cursor of [
    { feedId, after: -1 },
    { feedId, after: 1.5 },
    { feedId, after: '1' },
    { feedId, after: 2 ** 53 },
    { feedId, after: null },
    { feedId: 'x', after: 1 },
    { feedId },
    { after: 1 },
    { guard: 'x' },
    { guard: id.toUpperCase() },
    { name: '' },
    { name: 'x'.repeat(101) },
    { leaseMs: 1_000_000 },
  ])
    assertProblem(t, await poll(cursor), 'request-malformed')
  t.match(await guardRow(service, id), { cursor: '0' })
})

t.test('feed: more than 2000 entries come in pages, without a lease before the last page is acknowledged', async t => {
  const service = await startService(t, short)
  await appendEntries(service, 4500)
  const { pollAccepted, id } = testGuard(service)
  let page = await pollAccepted()
  const seqs = page.entries.map(({ seq }) => seq)
  const { feedId } = page
  let after = 0
  while (page.more) {
    t.equal(page.entries.length, 2000)
    t.equal(page.leaseMs, 0)
    after = seqs.at(-1) ?? 0
    page = await pollAccepted({ feedId, after })
    seqs.push(...page.entries.map(({ seq }) => seq))
  }
  const all = Array.from({ length: 4500 }, (_, n) => n + 1)
  t.same(seqs, all)
  const { lease_until: leaseUntil, last_seen_at: seen } = await guardRow(service, id)
  t.ok(leaseUntil >= seen)
  t.equal((await pollAccepted({ feedId, after: page.head })).leaseMs, 15_000)
})

t.test('feed: names its issuer in the response to a first poll and in no other', async t => {
  const { pollAccepted } = testGuard(await startService(t, short))
  const { feedId, head, issuer: named } = await pollAccepted()
  t.equal(named, issuer)
  t.equal((await pollAccepted({ feedId, after: head })).issuer, undefined)
})

t.test('feed: does not send entries whose tokens have expired', async t => {
  const service = await startService(t, short)
  await appendEntries(service, 3)
  await service.query(`UPDATE revocations SET expires_at = now() - interval '1 second' WHERE seq <= 2`)
  const { pollAccepted } = testGuard(service)
  const { entries, head, more } = await pollAccepted()
  t.match({ seqs: entries.map(({ seq }) => seq), head, more }, { seqs: [3], head: 3, more: false })
})

t.test('feed: a guard that does not acknowledge gets its entries, and no lease beyond one from the first', async t => {
  const service = await startService(t, short)
  const { start, pollAccepted, id } = testGuard(service)
  const { feedId, after } = await start()
  await appendEntries(service, 2)
  const [{ first }] = await service.query('SELECT min(created_at) AS first FROM revocations')
  const latest = first.getTime() + 15_000 + 2000
  for (let n = 0; n < 5; n += 1) {
    const { entries, leaseMs } = await pollAccepted({ feedId, after })
    t.equal(entries.length, 2)
    t.ok(leaseMs > 0 && leaseMs < 15_000, `${leaseMs} ms`)
    const { lease_until: leaseUntil } = await guardRow(service, id)
    t.ok(leaseUntil.getTime() <= latest + 1, `${leaseUntil.getTime() - latest} ms beyond`)
  }
  t.equal((await pollAccepted({ feedId, after: after + 2 })).leaseMs, 15_000, 'until it moves')
})

t.test('feed: a guard that receives no response gets no lease beyond one from its first missing entry', async t => {
  const service = await startService(t, short)
  const { start, pollAccepted, id } = testGuard(service)
  const { feedId, after } = await start()
  await appendEntries(service, 1)
  await service.query(`UPDATE revocations SET created_at = now() - interval '10 seconds'`)
  const { leaseMs } = await pollAccepted({ feedId, after })
  t.ok(leaseMs > 3000 && leaseMs <= 5000, `${leaseMs} ms`)
  const { lease_until: leaseUntil } = await guardRow(service, id)
  await service.query(`UPDATE revocations SET created_at = now() - interval '15 seconds'`)
  t.equal((await pollAccepted({ feedId, after })).leaseMs, 0)
  t.same((await guardRow(service, id)).lease_until, leaseUntil)
})

t.test("feed: refuses a client's guards beyond a thousand, and no guard of another client", async t => {
  const service = await startService(t, short)
  const known = testGuard(service)
  const cursor = await known.start()
  await service.query(
    `INSERT INTO guards (id, client_id, name, version, feed_id, cursor, lease_until, last_seen_at)
     SELECT gen_random_uuid(), 'guards', 'bogus', '1', gen_random_uuid(), 0, now(), now() FROM generate_series(1, 999)`,
  )
  assertProblem(t, await testGuard(service).poll(), 'rate-limited')
  t.equal((await known.poll(cursor)).status, 200)
  t.equal((await testGuard(service, { authorization: await client(service, 'other') }).poll()).status, 200)
})

t.test('feed: a guard that leaves deletes its own row and no other', async t => {
  const service = await startService(t, short)
  const [one, two] = [testGuard(service), testGuard(service)]
  await Promise.all([one.start(), two.start()])
  const leave = (guard: unknown) =>
    service.call('/guards/leave', { body: { guard }, headers: { authorization: service.guardCredentials } })
  t.equal((await leave(one.id)).status, 204)
  t.equal(await guardRow(service, one.id), undefined)
  t.ok(await guardRow(service, two.id))
  t.equal((await leave(one.id)).status, 204, 'and may say so again')
  assertProblem(t, await leave('x'), 'request-malformed')
})

t.test('feed: a guard reports its open streams with each poll, and admins see the number of the last', async t => {
  const service = await startService(t, short)
  const admin = await service.login(await service.createUser({ roles: ['admin'] }))
  const guard = testGuard(service)
  const { feedId, after } = await guard.start()
  for (const openStreams of [3, 0, undefined]) {
    await guard.pollAccepted({ feedId, after, ...(openStreams !== undefined && { openStreams }) })
    const { body } = await service.call('/admin/guards', { token: admin.accessToken })
    t.match(body, { guards: [{ guard: guard.id, openStreams: openStreams ?? null }] })
  }
  for (const openStreams of [-1, 1.5, 2 ** 31, 'many'])
    assertProblem(t, await guard.poll({ feedId, after, openStreams }), 'request-malformed')
})
