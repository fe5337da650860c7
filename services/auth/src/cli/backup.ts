/**
 * `gatehouse backup` and `gatehouse restore`: without `pg_dump`, which must match the server's version.
 *
 * A backup is text: a header, then `table<TAB>row as JSON` for each row, then `end<TAB>number of rows`.
 */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import pg from 'pg'
import { type Connections, withConnection } from '../database/connections.ts'
import { durableTables } from './durableTables.ts'
import { UsageError } from './options.ts'

const batchRows = 500

/**
 * Reads one snapshot, while the services run.
 * @returns the number of rows
 */
export async function backup(direct: Connections, output: Writable): Promise<number> {
  return withConnection(direct, async client => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const write = async (line: string) => {
      if (!output.write(`${line}\n`)) await once(output, 'drain')
    }
    await write(`gatehouse-backup\t${JSON.stringify(await appliedMigrations(client))}`)
    let count = 0
    for (const table of await durableTables(client)) {
      await client.query(`DECLARE rows NO SCROLL CURSOR FOR SELECT to_jsonb(t)::text AS row FROM ${quote(table)} t`)
      for (;;) {
        const { rows } = await client.query<{ row: string }>(`FETCH ${batchRows} FROM rows`)
        if (rows.length === 0) break
        count += rows.length
        for (const { row } of rows) await write(`${table}\t${row}`)
      }
      await client.query('CLOSE rows')
    }
    await client.query('COMMIT')
    await write(`end\t${count}`)
    return count
  })
}

/**
 * Writes all rows in one transaction, or nothing.
 * @returns the number of rows
 * @throws UsageError when the backup is not whole, or the database is not empty or has other migrations
 */
export async function restore(direct: Connections, input: Readable): Promise<number> {
  const lines = linesOf(input)
  const work = async (client: pg.Client) => {
    await client.query('BEGIN')
    const tables = await durableTables(client)
    await requireEmpty(client, tables)
    const [kind, header] = split((await lines.next()).value ?? '')
    if (kind !== 'gatehouse-backup') throw new UsageError('the input is not a backup of gatehouse')
    if (header !== JSON.stringify(await appliedMigrations(client)))
      throw new UsageError('the backup has other migrations than the database: restore with the release that wrote it')

    let batch: { table: string; rows: string[] } = { table: '', rows: [] }
    let count = 0
    const flush = async () => {
      if (batch.rows.length > 0) await insert(client, batch)
    }
    for (let next = await lines.next(); !next.done; next = await lines.next()) {
      const [table, row] = split(next.value)
      if (table === 'end') {
        if (Number(row) !== count) break
        await flush()
        await continueSequences(client, tables)
        await client.query('COMMIT')
        return count
      }
      if (!tables.includes(table)) throw new UsageError('the backup has a table that this release does not know')
      if (table !== batch.table || batch.rows.length === batchRows) {
        await flush()
        batch = { table, rows: [] }
      }
      batch.rows.push(row)
      count += 1
    }
    throw new UsageError('the backup is not whole: its end is missing. Nothing was restored')
  }
  // A refused input may never end, and would keep the process running.
  return withConnection(direct, work).finally(() => lines.return(undefined))
}

/** Only LF ends a line: from Node 24 on, `readline` also splits at U+2028 and U+2029, which a reason can contain. */
export async function* linesOf(input: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of input.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

async function appliedMigrations(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY migration_name',
  )
  return rows.map(({ name }) => name)
}

/** A migrated database holds one row: that of the clock, which the backup replaces. */
const clockTable = 'revocation_clock'

async function requireEmpty(client: pg.Client, tables: readonly string[]): Promise<void> {
  for (const table of tables.filter(name => name !== clockTable)) {
    const { rows } = await client.query(`SELECT 1 FROM ${quote(table)} LIMIT 1`)
    if (rows.length > 0) throw new UsageError(`the database is not empty: ${table} has rows. Restore into a new one`)
  }
  await client.query(`DELETE FROM ${quote(clockTable)}`)
}

/** The rows stay text, because JavaScript's numbers would round those of PostgreSQL. */
async function insert(client: pg.Client, { table, rows }: { table: string; rows: string[] }): Promise<void> {
  const name = quote(table)
  const values = [`[${rows.join(',')}]`]
  if (table === partitionedTable) await client.query(createPartitions, values)
  await client.query(`INSERT INTO ${name} SELECT * FROM jsonb_populate_recordset(NULL::${name}, $1::jsonb)`, values)
}

const partitionedTable = 'audit_entries'

/** Otherwise the entries of past months would stay in the default partition. */
const createPartitions = `
  SELECT create_audit_partition(month)
    FROM (SELECT DISTINCT date_trunc('month', (entry->>'at')::timestamptz, 'UTC') AS month
            FROM jsonb_array_elements($1::jsonb) AS entry) AS months`

/** Numbers of new rows continue after those of the backup. */
async function continueSequences(client: pg.Client, tables: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
      WHERE table_schema = current_schema() AND table_name = ANY($1) AND column_default LIKE 'nextval(%'`,
    [tables],
  )
  for (const { table, column } of rows) {
    await client.query(
      `SELECT setval(pg_get_serial_sequence($1, $2), coalesce(max(${quote(column)}), 0) + 1, false) FROM ${quote(table)}`,
      [quote(table), column],
    )
  }
}

function split(line: string): [string, string] {
  const index = line.indexOf('\t')
  return [line.slice(0, Math.max(0, index)), line.slice(index + 1)]
}

function quote(name: string): string {
  return pg.escapeIdentifier(name)
}
