/** A table with its states: loading without a shift, empty, and pages. */
import type { ComponentChildren } from 'preact'

export interface TableProps<Row> {
  label: string
  columns: readonly string[]
  /** How wide each column is, in parts: the width does not follow the content, so that no column moves. */
  widths: readonly number[]
  /** Undefined while the first answer is awaited. */
  rows: readonly Row[] | undefined
  keyOf: (row: Row) => string | number
  row: (row: Row) => ComponentChildren
  /** Shown in place of rows. */
  empty: ComponentChildren
  isLoading?: boolean
  /** How many grey lines stand for rows that are awaited. */
  expected?: number
}

export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, widths, rows, keyOf, row, empty, isLoading = false, expected = 6 } = props
  const used = widths.slice(0, columns.length)
  const total = used.reduce((sum, width) => sum + width, 0)
  // What is awaited and what came are different tables: the first is replaced and moves nothing.
  const key = rows === undefined ? 'awaited' : 'rows'
  return (
    <div class="card table" aria-busy={isLoading || rows === undefined}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways on narrow screens */}
      <section class="scroll" tabIndex={0} aria-label={label}>
        <table key={key} style={{ minWidth: `${total * 40}px` }}>
          <colgroup>
            {used.map((width, index) => (
              <col key={String(index)} style={{ width: `${(100 * width) / total}%` }} />
            ))}
          </colgroup>
          <thead>
            <tr>
              {columns.map(column => (
                <th key={column} scope="col">
                  {column.startsWith('-') ? <span class="hidden">{column.slice(1)}</span> : column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows === undefined &&
              Array.from({ length: expected }, (_, index) => (
                <tr key={String(index)}>
                  {columns.map(column => (
                    <td key={column}>
                      <div class="skeleton line" />
                    </td>
                  ))}
                </tr>
              ))}
            {rows?.map(item => (
              <tr key={keyOf(item)}>{row(item)}</tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows?.length === 0 && <div class="empty">{empty}</div>}
    </div>
  )
}

/** Links to the first and the next page of a list. */
export function Pages({ first, next }: { first: string | undefined; next: string | undefined }) {
  if (first === undefined && next === undefined) return null
  return (
    <nav class="row pages" aria-label="Pages">
      {first && (
        <a class="button small" href={first}>
          First page
        </a>
      )}
      {next && (
        <a class="button small" href={next}>
          Next page
        </a>
      )}
    </nav>
  )
}
