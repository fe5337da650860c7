/** The feed as guards meet it: who may poll, from where, what a page holds, and who gets a lease. */
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { sha256 } from '../../src/keys/hmac.ts'
import { putServiceClient } from '../../src/store/serviceClients.ts'
import { append, testGuard } from '../helpers/feedGuard.ts'
import { basic, isRefusal, type Stage, stage } from '../helpers/service.ts'

const short = { POLL_HOLD_MS: '50' }

async function client({ database }: Stage, id: string, scopes = ['guard']): Promise<string> {
  await putServiceClient(database.prisma, { id, name: id, secretHash: sha256(`secret of ${id}`), scopes })
  return basic(id, `secret of ${id}`)
}

async function guardRow({ database }: Stage, id: string) {
  const { rows } = await database.pool.query('SELECT * FROM guards WHERE id = $1', [id])
  return rows[0]
}

t.test('only a service client with the scope `guard` and its secret may poll, or leave', async t => {
  const place = await stage(t, short)
  const bad: Record<string, string> = {
    'unknown client': basic('nobody', 'x'),
    'wrong secret': basic('guards', 'x'),
    'no secret': basic('guards', ''),
    'another scope': await client(place, 'introspector', ['introspect']),
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
    const { poll, id } = testGuard(place, { authorization })
    const answer = await poll()
    t.comment(name)
    isRefusal(t, answer, 'client-invalid')
    t.match(answer.headers.get('www-authenticate'), /^Basic realm=/)
    t.equal(await guardRow(place, id), undefined)
    const leave = await place.call('/guards/leave', { body: { guard: id }, headers: { authorization } })
    isRefusal(t, leave, 'client-invalid')
  }
  isRefusal(t, await place.call('/guards/poll', { body: {} }), 'request-malformed')
})

t.test('while a secret changes the one before it is good until its overlap ends', async t => {
  const place = await stage(t, short)
  await place.database.pool.query(
    `UPDATE service_clients SET previous_secret_hash = secret_hash, secret_hash = $1,
            previous_secret_ends_at = now() + interval '1 minute'`,
    [sha256('the new one')],
  )
  const [old, fresh] = [testGuard(place), testGuard(place, { authorization: basic('guards', 'the new one') })]
  for (const guard of [old, fresh]) t.equal((await guard.poll()).status, 200)
  await place.database.pool.query(`UPDATE service_clients SET previous_secret_ends_at = now()`)
  isRefusal(t, await old.poll(), 'client-invalid')
  t.equal((await fresh.poll()).status, 200)
})

t.test("another client can neither poll under a guard's id nor take its row away", async t => {
  const place = await stage(t, short)
  const guard = testGuard(place)
  const { feedId, after } = await guard.begin()
  const authorization = await client(place, 'other')
  const impostor = testGuard(place, { id: guard.id, authorization })
  const before = await guardRow(place, guard.id)
  isRefusal(t, await impostor.poll({ feedId, after }), 'client-invalid')
  await place.call('/guards/leave', { body: { guard: guard.id }, headers: { authorization } })
  t.same(await guardRow(place, guard.id), before)
})

t.test('polls with a wrong secret sent along do not cost the guard its lease', async t => {
  const place = await stage(t, short)
  const guard = testGuard(place)
  const { feedId, after } = await guard.begin()
  const impostor = testGuard(place, { id: guard.id, authorization: basic('guards', 'guessed') })
  const own = guard.taken({ feedId, after })
  const forged = await Promise.all(Array.from({ length: 20 }, () => impostor.poll({ feedId, after })))
  for (const answer of forged) isRefusal(t, answer, 'client-invalid')
  t.equal((await own).leaseMs, 15_000)
})

t.test(
  'a cursor ahead of the head or of another feed is told to begin again; one that is none is malformed',
  async t => {
    const place = await stage(t, short)
    await append(place, 3)
    const { poll, taken, id } = testGuard(place)
    const { feedId, head } = await taken()
    t.equal(head, 3)
    for (const cursor of [
      { feedId, after: 4 },
      { feedId, after: Number.MAX_SAFE_INTEGER },
      { feedId: randomUUID(), after: 3 },
      { feedId: randomUUID(), after: 0 },
    ])
      isRefusal(t, await poll(cursor), 'feed-changed')
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
      isRefusal(t, await poll(cursor), 'request-malformed')
    t.match(await guardRow(place, id), { cursor: '0' })
  },
)

t.test('more than 2000 entries come in pages, and there is no lease before the last is acknowledged', async t => {
  const place = await stage(t, short)
  await append(place, 4500)
  const { taken, id } = testGuard(place)
  let page = await taken()
  const seqs = page.entries.map(({ seq }) => seq)
  const { feedId } = page
  let after = 0
  while (page.more) {
    t.equal(page.entries.length, 2000)
    t.equal(page.leaseMs, 0)
    after = seqs.at(-1) ?? 0
    page = await taken({ feedId, after })
    seqs.push(...page.entries.map(({ seq }) => seq))
  }
  t.same(
    seqs,
    Array.from({ length: 4500 }, (_, n) => n + 1),
  )
  const { lease_until: leaseUntil, last_seen_at: seen } = await guardRow(place, id)
  t.ok(leaseUntil >= seen)
  t.equal((await taken({ feedId, after: page.head })).leaseMs, 15_000)
})

t.test('entries whose tokens have all expired are not sent, and are not missed', async t => {
  const place = await stage(t, short)
  await append(place, 3)
  await place.database.pool.query(`UPDATE revocations SET expires_at = now() - interval '1 second' WHERE seq <= 2`)
  const { taken } = testGuard(place)
  const { entries, head, more } = await taken()
  t.match({ seqs: entries.map(({ seq }) => seq), head, more }, { seqs: [3], head: 3, more: false })
})

t.test(
  'a guard that does not apply what it is sent gets its entries still, and no lease beyond one from the first of them',
  async t => {
    const place = await stage(t, short)
    const { begin, taken, id } = testGuard(place)
    const { feedId, after } = await begin()
    await append(place, 2)
    const { rows } = await place.database.pool.query('SELECT min(created_at) AS first FROM revocations')
    const latest = rows[0].first.getTime() + 15_000 + 2000
    for (let n = 0; n < 5; n += 1) {
      const { entries, leaseMs } = await taken({ feedId, after })
      t.equal(entries.length, 2)
      t.ok(leaseMs > 0 && leaseMs < 15_000, `${leaseMs} ms`)
      const { lease_until: leaseUntil } = await guardRow(place, id)
      t.ok(leaseUntil.getTime() <= latest + 1, `${leaseUntil.getTime() - latest} ms beyond`)
    }
    t.equal((await taken({ feedId, after: after + 2 })).leaseMs, 15_000, 'until it moves')
  },
)

t.test('a guard whose every answer is lost gets no lease beyond one from the first entry that it lacks', async t => {
  const place = await stage(t, short)
  const { begin, taken, id } = testGuard(place)
  const { feedId, after } = await begin()
  await append(place, 1)
  await place.database.pool.query(`UPDATE revocations SET created_at = now() - interval '10 seconds'`)
  const { leaseMs } = await taken({ feedId, after })
  t.ok(leaseMs > 3000 && leaseMs <= 5000, `${leaseMs} ms`)
  const { lease_until: leaseUntil } = await guardRow(place, id)
  await place.database.pool.query(`UPDATE revocations SET created_at = now() - interval '15 seconds'`)
  t.equal((await taken({ feedId, after })).leaseMs, 0)
  t.same((await guardRow(place, id)).lease_until, leaseUntil)
})

t.test(
  'a thousand guards of one client are enough; those that are there go on, and other clients are not hit',
  async t => {
    const place = await stage(t, short)
    const known = testGuard(place)
    const cursor = await known.begin()
    await place.database.pool.query(
      `INSERT INTO guards (id, client_id, name, version, cursor, lease_until, last_seen_at)
     SELECT gen_random_uuid(), 'guards', 'bogus', '1', 0, now(), now() FROM generate_series(1, 999)`,
    )
    isRefusal(t, await testGuard(place).poll(), 'rate-limited')
    t.equal((await known.poll(cursor)).status, 200)
    t.equal((await testGuard(place, { authorization: await client(place, 'other') }).poll()).status, 200)
  },
)

t.test('a guard that leaves takes its own row away and no other', async t => {
  const place = await stage(t, short)
  const [one, two] = [testGuard(place), testGuard(place)]
  await Promise.all([one.begin(), two.begin()])
  const leave = (guard: unknown) =>
    place.call('/guards/leave', { body: { guard }, headers: { authorization: place.guardCredentials } })
  t.equal((await leave(one.id)).status, 204)
  t.equal(await guardRow(place, one.id), undefined)
  t.ok(await guardRow(place, two.id))
  t.equal((await leave(one.id)).status, 204, 'and may say so again')
  isRefusal(t, await leave('x'), 'request-malformed')
})
