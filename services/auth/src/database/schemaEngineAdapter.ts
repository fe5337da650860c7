/** Prisma's adapter for `pg`, taught the one type of PostgreSQL's catalogue that it does not know. */
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlDriverAdapter, SqlQuery } from '@prisma/driver-adapter-utils'
import type pg from 'pg'

/** PostgreSQL's number for the one-byte type `"char"`, and for `text`. */
const [charOid, textOid] = [18, 25] as const

/** `Character` in the numbering of driver adapters. */
const character = 6

/** The engine reads constraint kinds as `"char"`; the adapter refuses that, so it is shown text and corrected afterwards. */
export async function schemaEngineAdapter(pool: pg.Pool): Promise<SqlDriverAdapter> {
  const charColumns = new WeakMap<object, ReadonlySet<number>>()
  const adapter = await new PrismaPg(withCharAsText(pool, charColumns)).connect()
  const queryRaw = adapter.queryRaw.bind(adapter)
  return Object.assign(adapter, {
    async queryRaw(query: SqlQuery) {
      const result = await queryRaw(query)
      const chars = charColumns.get(result.rows)
      const columnTypes = result.columnTypes.map((type, index) => (chars?.has(index) ? character : type))
      return { ...result, columnTypes }
    },
  })
}

function withCharAsText(pool: pg.Pool, charColumns: WeakMap<object, ReadonlySet<number>>): pg.Pool {
  const query = pool.query.bind(pool) as (query: unknown) => Promise<pg.QueryResult>
  return Object.assign(pool, {
    async query(asked: unknown) {
      const result = await query(asked)
      const chars = new Set<number>()
      for (const [index, field] of (result.fields ?? []).entries()) {
        if (field.dataTypeID !== charOid) continue
        field.dataTypeID = textOid
        chars.add(index)
      }
      if (chars.size > 0) charColumns.set(result.rows, chars)
      return result
    },
  })
}
