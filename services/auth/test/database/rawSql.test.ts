/** Statements sent to Prisma's driver adapter itself: the rows are those of the client, or it refuses. */
import { freshDatabase } from '@gatehouse/testkit'
import t from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import type { QueryRaw } from '../../src/database/rawSql.ts'

const { url } = await freshDatabase(fn => t.teardown(fn))
const database = openDatabase({ url, connections: 2, timeoutMs: 5000, onError: () => undefined })
t.teardown(() => database.close())

t.test('every type that passes reads as it does through the client', async t => {
  const ask = ({ $queryRaw }: QueryRaw) => $queryRaw<object[]>`
    SELECT ${7}::int AS whole, ${1.5}::float8 AS broken, ${true}::bool AS truth, ${'ä"\\'}::text AS words, NULL::text AS nothing,
           encode(${Buffer.from([0, 255])}::bytea, 'hex') AS bytes, ARRAY['a,b', '{}', ''] AS list, '{}'::text[] AS empty,
           '00000000-0000-4000-8000-000000000001'::uuid AS id
     UNION ALL SELECT NULL, NULL, NULL, NULL, ${null}, NULL, NULL, NULL, NULL`
  const { prisma } = database
  const rows = await ask(database.rawSql)
  t.equal(rows.length, 2)
  t.same(rows, await ask({ $queryRaw: (texts, ...values) => prisma.$queryRaw(texts, ...values) }))
})

t.test('a type that only the client converts is refused, not handed over in another form', async t => {
  const { rawSql } = database
  await t.rejects(rawSql.$queryRaw`SELECT now() AS at`, TypeError)
  await t.rejects(rawSql.$queryRaw`SELECT 1::bigint AS big`, TypeError)
  await t.rejects(rawSql.$queryRaw`SELECT '{}'::jsonb AS detail`, TypeError)
})
