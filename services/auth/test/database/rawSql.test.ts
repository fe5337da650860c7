/** Statements sent to Prisma's driver adapter: the rows equal those of the client, or the call throws. */
import { freshDatabase } from '@gatehouse/testkit'
import t from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import type { QueryRaw } from '../../src/database/rawSql.ts'

const { url } = await freshDatabase(fn => t.teardown(fn))
const database = openDatabase({ url, connections: 2, timeoutMs: 5000, onError: () => undefined })
t.teardown(() => database.close())

t.test('rawSql: returns the same values as the client for every supported type', async t => {
  const select = ({ $queryRaw }: QueryRaw) => $queryRaw<object[]>`
    SELECT ${7}::int AS int4, ${1.5}::float8 AS float8, ${true}::bool AS bool, ${'ä"\\'}::text AS text, NULL::text AS null_text,
           encode(${Buffer.from([0, 255])}::bytea, 'hex') AS bytes, ARRAY['a,b', '{}', ''] AS list, '{}'::text[] AS empty,
           '00000000-0000-4000-8000-000000000001'::uuid AS id
     UNION ALL SELECT NULL, NULL, NULL, NULL, ${null}, NULL, NULL, NULL, NULL`
  const { prisma } = database
  const rows = await select(database.rawSql)
  t.equal(rows.length, 2)
  t.same(rows, await select({ $queryRaw: (texts, ...values) => prisma.$queryRaw(texts, ...values) }))
})

t.test('rawSql: throws for a column type that only the client converts', async t => {
  const { rawSql } = database
  await t.rejects(rawSql.$queryRaw`SELECT now() AS at`, TypeError)
  await t.rejects(rawSql.$queryRaw`SELECT 1::bigint AS big`, TypeError)
  await t.rejects(rawSql.$queryRaw`SELECT '{}'::jsonb AS detail`, TypeError)
})
