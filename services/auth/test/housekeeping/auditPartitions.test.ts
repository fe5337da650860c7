/** The audit log by month: partitions are created ahead, inserts never fail, retention drops whole months. */
import { freshDatabase } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { maintainAuditPartitions } from '../../src/housekeeping/sweep.ts'
import { createAuditPartitions, dropAuditPartition } from '../../src/store/auditPartitions.ts'
import { type AuditFilter, readAuditOnwards, readAuditPage } from '../../src/store/readAudit.ts'
import { holdLock, untilBlocked } from '../helpers/locks.ts'

const lockNotAvailable = /55P03/
const anyAction = { actor: null, target: null, action: null, outcome: null, address: null, seq: null }
const anyEntry: AuditFilter = { ...anyAction, from: null, until: null }
const idsOf = (entries: readonly { id: bigint }[]) => entries.map(({ id }) => id)

async function openFresh(t: Test) {
  const { url } = await freshDatabase(t.teardown)
  const database = openDatabase({ url, connections: 4, timeoutMs: 5000, onError: () => undefined })
  t.teardown(database.close)
  const query = async (text: string, values: unknown[] = []) => (await database.pool.query(text, values)).rows
  const insert = (at: string, action = 'test') =>
    query('INSERT INTO audit_entries (at, action, outcome) VALUES ($1, $2, $3)', [at, action, 'done'])
  const partitionOf = async (at: string) =>
    (await query('SELECT DISTINCT tableoid::regclass::text AS name FROM audit_entries WHERE at = $1', [at]))[0]?.name
  const create = async (at: string) =>
    (await query('SELECT create_audit_partition($1) AS created', [at]))[0]?.created as boolean
  const deps = (auditRetentionDays: number) => ({
    prisma: database.prisma,
    rules: { limit: 100, historyDays: 7, auditRetentionDays },
    pause: async () => undefined,
    onRemoved: () => undefined,
  })
  return { database, query, insert, partitionOf, create, deps }
}

t.test('audit partitions: a migrated database has those of this month and the next two', async t => {
  const { database, query } = await openFresh(t)
  const [row] = await query(
    `SELECT count(*) FILTER (WHERE to_regclass('audit_entries_' || to_char(now() + make_interval(months => n), 'YYYY_MM')) IS NOT NULL)::int AS months
       FROM generate_series(0, 2) AS n`,
  )
  t.equal(row.months, 3)
  t.equal(await createAuditPartitions(database.prisma), 0)
})

t.test('audit partitions: inserts on both sides of a change of month succeed while partitions are created', async t => {
  const { database, query, insert, partitionOf, create } = await openFresh(t)
  const [before, after, later] = ['2031-04-30T23:59:59.999Z', '2031-05-01T00:00:00.000Z', '2031-06-01T00:00:00.000Z']
  t.ok(await create(before))
  const creating = await holdLock(t, { database }, 'SELECT create_audit_partition($1)', [after])
  await insert(before)
  await creating.release()
  await Promise.all(Array.from({ length: 40 }, (_, n) => insert(n % 2 === 0 ? before : after)))
  t.equal(await partitionOf(before), 'audit_entries_2031_04')
  t.equal(await partitionOf(after), 'audit_entries_2031_05')

  await insert(later)
  t.equal(await partitionOf(later), 'audit_entries_default', 'a month without a partition loses no entry')
  t.notOk(await create(later), 'a month whose entries are in the default partition stays there')
  t.equal((await query('SELECT count(*)::int AS entries FROM audit_entries'))[0]?.entries, 42)
})

t.test('audit partitions: of two replicas that create the same month at once, one creates it', async t => {
  const { database, create, query } = await openFresh(t)
  const first = await holdLock(t, { database }, `SELECT create_audit_partition('2031-05-01Z')`)
  const second = create('2031-05-09T00:00:00Z').catch(error => error)
  await untilBlocked({ database }, 1)
  await first.release()
  const outcome = await second
  // On a slow machine the second gives the lock up, and its next round finds the partition.
  if (outcome !== false) t.match(outcome.code, lockNotAvailable)
  t.notOk(await create('2031-05-31T00:00:00Z'))
  t.equal((await query(`SELECT FROM pg_class WHERE relname = 'audit_entries_2031_05'`)).length, 1)
})

t.test('retention: drops the months that are old as a whole, and no other entry', async t => {
  const { database, query, insert, create, deps } = await openFresh(t)
  for (const month of ['2020-01', '2020-02', '2020-03']) {
    await create(`${month}-01T00:00:00Z`)
    await insert(`${month}-01T00:00:00Z`, month)
  }
  const [row] = await query(`SELECT (now()::date - '2020-03-31'::date) AS days`)
  await Promise.all([0, 1].map(() => maintainAuditPartitions(deps(row.days)).catch(() => undefined)))
  await maintainAuditPartitions(deps(row.days))
  t.strictSame(await query('SELECT action FROM audit_entries'), [{ action: '2020-03' }])
  t.equal(await dropAuditPartition(database.prisma, 0), 1, 'a longer retention kept the month that was not over')
  t.equal(await dropAuditPartition(database.prisma, 0), 0, 'the present month is never dropped')
})

t.test('retention: inserts go on while a long transaction reads the audit log and the drop is given up', async t => {
  const { database, query, insert, create, deps } = await openFresh(t)
  await create('2020-01-01T00:00:00Z')
  await insert('2020-01-01T00:00:00Z', 'old')
  const reader = await holdLock(t, { database }, 'SELECT count(*) FROM audit_entries')
  const dropping = maintainAuditPartitions(deps(400)).then(
    () => 'dropped',
    error => String(error.message),
  )
  await Promise.all(Array.from({ length: 20 }, () => insert(new Date().toISOString())))
  t.match(await dropping, lockNotAvailable)
  await reader.release()
  await maintainAuditPartitions(deps(400))
  t.strictSame(await query('SELECT DISTINCT action FROM audit_entries'), [{ action: 'test' }])
})

t.test('audit partitions: each refuses UPDATE, DELETE and TRUNCATE', async t => {
  const { database, insert, create } = await openFresh(t)
  await create('2020-01-01T00:00:00Z')
  await insert('2020-01-01T00:00:00Z')
  for (const table of ['audit_entries', 'audit_entries_2020_01', 'audit_entries_default'])
    for (const statement of [`UPDATE ${table} SET action = 'x'`, `DELETE FROM ${table}`, `TRUNCATE ${table}`])
      await t.rejects(database.pool.query(statement), { code: '42501' }, statement)
})

t.test('audit: pages and filters pass over the change of a month', async t => {
  const { database, insert, create } = await openFresh(t)
  const months = ['2020-01', '2020-02', '2020-03']
  await create('2020-01-01T00:00:00Z')
  await create('2020-02-01T00:00:00Z')
  for (const month of months) for (const day of ['01', '15', '28']) await insert(`${month}-${day}T00:00:00Z`, month)
  const { prisma } = database
  const ids: bigint[] = []
  for (let before: bigint | null = null; ; ) {
    const page = await readAuditPage(prisma, anyEntry, { before, limit: 2 })
    ids.push(...idsOf(page))
    before = page.at(-1)?.id ?? null
    if (before === null) break
  }
  t.strictSame(ids, [9n, 8n, 7n, 6n, 5n, 4n, 3n, 2n, 1n])
  const onwards = await readAuditOnwards(prisma, anyEntry, { after: 2n, limit: 100 })
  t.strictSame(idsOf(onwards), [3n, 4n, 5n, 6n, 7n, 8n, 9n])
  const [from, until] = [new Date('2020-01-15T00:00:00Z'), new Date('2020-03-01T00:00:00Z')]
  const some = await readAuditPage(prisma, { ...anyEntry, from, until }, { before: null, limit: 100 })
  t.strictSame(idsOf(some), [6n, 5n, 4n, 3n, 2n])
  const february = await readAuditPage(prisma, { ...anyEntry, action: '2020-02' }, { before: 6n, limit: 100 })
  t.strictSame(idsOf(february), [5n, 4n])
})
