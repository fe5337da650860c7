/** The proxy between a service and PostgreSQL. */
import { freshDatabase, pgProxy } from '@gatehouse/testkit'
import pg from 'pg'
import { type Test, test } from 'tap'

async function connected(t: Test) {
  const database = await freshDatabase(drop => t.teardown(drop))
  const proxy = await pgProxy(t, database.url)
  const connect = async () => {
    const client = new pg.Client({ connectionString: proxy.url })
    const broken = new Promise<Error>(resolve => client.on('error', resolve))
    await client.connect()
    t.teardown(() => client.end().catch(() => undefined))
    return { client, broken }
  }
  return { proxy, connect }
}

test('pgProxy: counts every statement once: simple, with parameters, and named', async t => {
  const { proxy, connect } = await connected(t)
  const [first, second] = [await connect(), await connect()]
  t.equal(proxy.statements(), 0, 'connecting counts no statement')
  await first.client.query('SELECT 1')
  await first.client.query('SELECT $1::int', [1])
  for (let times = 0; times < 2; times += 1)
    await second.client.query({ name: 'same', text: 'SELECT $1::int', values: [2] })
  t.equal(proxy.statements(), 4)
  t.equal(proxy.statements(), 0, 'counted since the last call')
})

test('pgProxy: counts a statement once when it spans several packets', async t => {
  const { proxy, connect } = await connected(t)
  const { client } = await connect()
  const text = `SELECT length('${'Q'.repeat(300_000)}') AS length`
  t.strictSame((await client.query(text)).rows, [{ length: 300_000 }])
  t.equal(proxy.statements(), 1)
})

test('pgProxy: silence keeps connections open without an answer, and mend ends those that were given up', async t => {
  const { proxy, connect } = await connected(t)
  const [first, second] = [await connect(), await connect()]
  const name = 'pgproxy-silent'
  for (const { client } of [first, second]) await client.query(`SET application_name = '${name}'`)
  const backends = async () => {
    const sql = 'SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = $1'
    return (await (await connect()).client.query(sql, [name])).rows[0].count
  }
  proxy.silence()
  t.equal(proxy.silent(), 2)
  const query = { text: 'SELECT 1', query_timeout: 100 }
  await t.rejects(first.client.query(query), /timeout/)
  const { connection } = first.client as unknown as { connection: { stream: { destroy: () => void } } }
  connection.stream.destroy()
  while (proxy.silent() !== 1) await new Promise(resolve => setImmediate(resolve))
  t.equal(await backends(), 2, 'PostgreSQL has noticed nothing')
  proxy.mend()
  while ((await backends()) !== 1) await new Promise(resolve => setImmediate(resolve))
  t.equal(proxy.silent(), 1, 'the other connection stays silent')
  // Otherwise the client would wait for the end of its connection.
  proxy.cut()
})

test('pgProxy: cut resets connections and refuses new connections until mend', async t => {
  const { proxy, connect } = await connected(t)
  const { client, broken } = await connect()
  proxy.cut()
  t.ok(await broken)
  await t.rejects(client.query('SELECT 1'))
  await t.rejects(connect(), { code: 'ECONNRESET' })
  proxy.mend()
  const { client: next } = await connect()
  t.equal((await next.query('SELECT 1')).rowCount, 1)
})
