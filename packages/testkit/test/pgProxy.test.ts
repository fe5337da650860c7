/** The wire between a service and its database. */
import { freshDatabase, pgProxy } from '@gatehouse/testkit'
import pg from 'pg'
import { type Test, test } from 'tap'

async function connected(t: Test) {
  const database = await freshDatabase(drop => t.teardown(drop))
  const line = await pgProxy(t, database.url)
  const connect = async () => {
    const client = new pg.Client({ connectionString: line.url })
    const broken = new Promise<Error>(resolve => client.on('error', resolve))
    await client.connect()
    t.teardown(() => client.end().catch(() => undefined))
    return { client, broken }
  }
  return { line, connect }
}

test('each statement is counted once: simple, with parameters, named, and over whichever connection', async t => {
  const { line, connect } = await connected(t)
  const [one, other] = [await connect(), await connect()]
  t.equal(line.statements(), 0, 'connecting is none')
  await one.client.query('SELECT 1')
  await one.client.query('SELECT $1::int', [1])
  for (let times = 0; times < 2; times += 1)
    await other.client.query({ name: 'same', text: 'SELECT $1::int', values: [2] })
  t.equal(line.statements(), 4)
  t.equal(line.statements(), 0, 'since it was asked last')
})

test('a statement is counted once however it is cut into packets', async t => {
  const { line, connect } = await connected(t)
  const { client } = await connect()
  const text = `SELECT length('${'Q'.repeat(300_000)}') AS length`
  t.strictSame((await client.query(text)).rows, [{ length: 300_000 }])
  t.equal(line.statements(), 1)
})

test('a cut breaks every connection and refuses new ones, until it is mended', async t => {
  const { line, connect } = await connected(t)
  const { client, broken } = await connect()
  line.cut()
  t.ok(await broken)
  await t.rejects(client.query('SELECT 1'))
  await t.rejects(connect(), { code: 'ECONNRESET' })
  line.mend()
  const { client: next } = await connect()
  t.equal((await next.query('SELECT 1')).rowCount, 1)
})
