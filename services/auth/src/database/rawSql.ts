/**
 * Sends the hottest statements to Prisma's driver adapter directly, without the client above it.
 *
 * The client passes each raw query through its query engine: 185 us of CPU for a renewal's statement, where the adapter alone
 * takes 61 us and bare `pg` 53 us (docs/performance.md). The pool, the statement names and the errors are the same.
 */
import type { PrismaPg } from '@prisma/adapter-pg'
import { type ColumnType, ColumnTypeEnum, type SqlDriverAdapter } from '@prisma/driver-adapter-utils'

/** Tagged queries: Prisma's client and `RawSql` both offer them. */
export interface QueryRaw {
  /**
   * @throws DriverAdapterError with PostgreSQL's error
   * @throws TypeError for a column whose type only Prisma's client converts
   */
  $queryRaw: <Rows>(texts: TemplateStringsArray, ...values: Value[]) => Promise<Rows>
}

export interface RawSql extends QueryRaw {
  /** Sends a text with `$1` and so on. The texts must be few, because each stays prepared under a name of its own. */
  query: <Row>(text: string, values: readonly Value[]) => Promise<Row[]>
}

/** Sends one statement: on a connection that the pool has just opened, or on any. */
export type SendStatement = <Row>(text: string, values: readonly Value[]) => Promise<Row[]>

/** Values that `pg` sends without a declared type. */
export type Value = Scalar | readonly Scalar[]
export type Scalar = string | number | boolean | Buffer | null

/** The column types for which the adapter returns the same value as the client. */
const supportedTypes: ReadonlySet<ColumnType> = new Set([
  ColumnTypeEnum.Int32,
  ColumnTypeEnum.Double,
  ColumnTypeEnum.Boolean,
  ColumnTypeEnum.Text,
  ColumnTypeEnum.TextArray,
  ColumnTypeEnum.Uuid,
])

export function createRawSql(factory: PrismaPg): RawSql {
  const sqlOf = sqlTexts()
  // The pool connects with the first query, so `connect` never waits for the database.
  let connected: Promise<SqlDriverAdapter> | undefined

  const query = async <Row>(text: string, values: readonly Value[]) => {
    connected ??= factory.connect()
    const adapter = await connected
    const argTypes = values.map(() => ({ scalarType: 'unknown', arity: 'scalar' }) as const)
    const { columnNames, columnTypes, rows } = await adapter.queryRaw({ sql: text, args: [...values], argTypes })
    for (const [index, type] of columnTypes.entries()) {
      if (!supportedTypes.has(type))
        throw new TypeError(`Only Prisma's client converts the type of the column "${columnNames[index]}"`)
    }
    return rows.map(row => toObject(row, columnNames)) as Row[]
  }
  return {
    query,
    $queryRaw: <Rows>(texts: TemplateStringsArray, ...values: Value[]) => query(sqlOf(texts), values) as Promise<Rows>,
  }
}

function toObject(row: readonly unknown[], names: readonly string[]): object {
  const object: Record<string, unknown> = {}
  for (const [index, name] of names.entries()) object[name] = row[index]
  return object
}

/** Builds the text of each template once: a new string would be hashed again when its statement name is looked up. */
function sqlTexts(): (texts: TemplateStringsArray) => string {
  const known = new WeakMap<TemplateStringsArray, string>()
  return texts => {
    const sql = known.get(texts) ?? texts.reduce((joined, text, index) => `${joined}$${index}${text}`)
    known.set(texts, sql)
    return sql
  }
}
