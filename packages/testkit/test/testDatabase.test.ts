/** Databases of tests. */
import { freshDatabase } from '@gatehouse/testkit'
import pg from 'pg'
import { test } from 'tap'
import { queryValue } from './helpers/queryValue.ts'

test('freshDatabase: returns a separate migrated copy, and drop closes its connections', async t => {
  const [first, second] = await Promise.all([freshDatabase(), freshDatabase(t.teardown)])
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

test('freshDatabase: names the test command when the launcher is missing', async t => {
  const { GATEHOUSE_TEST_POSTGRES: server } = process.env
  t.teardown(() => {
    process.env['GATEHOUSE_TEST_POSTGRES'] = server
  })
  delete process.env['GATEHOUSE_TEST_POSTGRES']
  await t.rejects(freshDatabase(), { message: /npx -y pnpm@12 test/ })
})
