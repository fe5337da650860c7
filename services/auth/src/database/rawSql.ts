/**
 * Sends the busiest statements to Prisma's driver adapter itself, past the client above it.
 *
 * The client turns each raw query into a request to its engine, and back: 185 us of CPU for a renewal's statement, where the
 * adapter alone takes 61 and bare `pg` 53 (docs/performance.md). Pool, names of statements and errors are the same.
 */
import type { PrismaPg } from '@prisma/adapter-pg'
import { type ColumnType, ColumnTypeEnum, type SqlDriverAdapter } from '@prisma/driver-adapter-utils'

/** What both this and Prisma's client offer. */
export interface QueryRaw {
  /** @throws DriverAdapterError what the database refuses; TypeError for a column that only the client converts */
  $queryRaw: <Rows>(texts: TemplateStringsArray, ...values: Value[]) => Promise<Rows>
}

export interface RawSql extends QueryRaw {
  /** A statement that is put together from parts, with `$1` and so on; its text must be one of few, since each is kept by name. */
  query: <Row>(text: string, values: readonly Value[]) => Promise<Row[]>
}

/** Others would need to be told by their type. */
export type Value = Scalar | readonly Scalar[]
type Scalar = string | number | boolean | Buffer | null

/** The types whose values the adapter hands over just as the client would. */
const plain: ReadonlySet<ColumnType> = new Set([
  ColumnTypeEnum.Int32,
  ColumnTypeEnum.Double,
  ColumnTypeEnum.Boolean,
  ColumnTypeEnum.Text,
  ColumnTypeEnum.TextArray,
  ColumnTypeEnum.Uuid,
])

export function createRawSql(factory: PrismaPg): RawSql {
  const sqlOf = sqlTexts()
  // The pool connects by itself when it is asked, so this never waits for the database.
  let connected: Promise<SqlDriverAdapter> | undefined

  const query = async <Row>(text: string, values: readonly Value[]) => {
    connected ??= factory.connect()
    const adapter = await connected
    const argTypes = values.map(() => ({ scalarType: 'unknown', arity: 'scalar' }) as const)
    const { columnNames, columnTypes, rows } = await adapter.queryRaw({ sql: text, args: [...values], argTypes })
    for (const [at, type] of columnTypes.entries()) {
      if (!plain.has(type)) throw new TypeError(`"${columnNames[at]}" has a type that only Prisma's client converts`)
    }
    return rows.map(row => named(row, columnNames)) as Row[]
  }
  return {
    query,
    $queryRaw: <Rows>(texts: TemplateStringsArray, ...values: Value[]) => query(sqlOf(texts), values) as Promise<Rows>,
  }
}

function named(row: readonly unknown[], names: readonly string[]): object {
  const object: Record<string, unknown> = {}
  for (const [at, name] of names.entries()) object[name] = row[at]
  return object
}

/** The text of each template, made once: a text made anew would also be hashed anew when its name is looked up. */
function sqlTexts(): (texts: TemplateStringsArray) => string {
  const known = new WeakMap<TemplateStringsArray, string>()
  return texts => {
    const made = known.get(texts) ?? texts.reduce((sql, text, at) => `${sql}$${at}${text}`)
    known.set(texts, made)
    return made
  }
}
