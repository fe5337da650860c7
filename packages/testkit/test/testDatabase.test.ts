/** Databases of tests. */
import { freshDatabase } from '@gatehouse/testkit'
import pg from 'pg'
import { test } from 'tap'
import { queryValue } from './helpers/ask.ts'

test('each database is a migrated copy of its own, and dropping one ends who still uses it', async t => {
  const [first, second] = await Promise.all([freshDatabase(), freshDatabase(fn => t.teardown(fn))])
  await queryValue(first.url, 'CREATE TABLE mine (id int)')
  await t.rejects(queryValue(second.url, 'SELECT * FROM mine'), { code: '42P01' })
  t.equal(await queryValue(second.url, 'SELECT head FROM revocation_clock'), '0')

  const lingering = new pg.Client({ connectionString: first.url })
  lingering.on('error', () => {})
  await lingering.connect()
  await first.drop()
  await t.rejects(queryValue(first.url, 'SELECT 1'), { code: '3D000' })
  await lingering.end()
})

test('without the launcher, the error says how to run it', async t => {
  const { GATEHOUSE_TEST_POSTGRES: server } = process.env
  t.teardown(() => {
    process.env['GATEHOUSE_TEST_POSTGRES'] = server
  })
  delete process.env['GATEHOUSE_TEST_POSTGRES']
  await t.rejects(freshDatabase(), { message: /npx pnpm test/ })
})
