/** Errors of an unreachable database, as its clients throw them, become `unavailable`. */
import { once } from 'node:events'
import { freshDatabase, type PgProxy, pgProxy, type TestDatabase } from '@gatehouse/testkit'
import pg from 'pg'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { databaseErrorToProblem } from '../../src/http/databaseErrors.ts'

async function service(t: Test): Promise<{ database: TestDatabase; line: PgProxy }> {
  const database = await freshDatabase(t.teardown)
  return { database, line: await pgProxy(t, database.url) }
}

function errorOf(act: () => Promise<unknown>): Promise<unknown> {
  return act().catch(error => error)
}

t.test('databaseErrorToProblem: a statement on a broken connection is unavailable', async t => {
  const { line } = await service(t)
  const client = new pg.Client({ connectionString: line.url })
  client.on('error', () => undefined)
  await client.connect()
  const broken = once(client, 'error')
  line.cut()
  await broken
  const error = await errorOf(() => client.query('SELECT 1'))
  t.match(error, { message: /is not queryable/ }, 'that is what it throws')
  t.equal(databaseErrorToProblem(error)?.code, 'unavailable')
})

t.test('databaseErrorToProblem: a statement of a transaction with a broken connection is unavailable', async t => {
  const { line } = await service(t)
  const limits = { connections: 1, timeoutMs: 5000, onError: () => undefined }
  const { prisma, pool, close } = openDatabase({ ...limits, url: line.url })
  t.teardown(close)
  const lent = once(pool, 'acquire') as Promise<[pg.PoolClient]>
  const error = await errorOf(() =>
    prisma.$transaction(async tx => {
      await tx.$executeRaw`SELECT 1`
      const [client] = await lent
      const broken = once(client, 'error')
      line.cut()
      await broken
      await tx.$executeRaw`SELECT 1`
    }),
  )
  t.equal(databaseErrorToProblem(error)?.code, 'unavailable', String(error))
})

t.test('databaseErrorToProblem: a programming error is not', async t => {
  const { database } = await service(t)
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  t.teardown(() => client.end())
  const error = await errorOf(() => client.query('SELECT nonsense'))
  t.match(error, { code: '42703' })
  t.equal(databaseErrorToProblem(error), undefined)
})
