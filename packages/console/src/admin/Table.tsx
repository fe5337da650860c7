/** A table with its states: loading without a shift, empty, and pages. On a narrow screen each row is a card. */
import type { ComponentChildren } from 'preact'
import { useLocation } from 'preact-iso'
import { withQuery } from './paths.ts'

/** The width is in parts: it does not follow the content, so that no column moves. */
export type Column<Row> = readonly [width: number, cell: (row: Row) => ComponentChildren, kind?: 'num' | 'mono']

export interface TableProps<Row> {
  label: string
  /** By title. `Actions` holds buttons. */
  columns: Record<string, Column<Row>>
  /** Undefined while the first answer is awaited. */
  rows: readonly Row[] | undefined
  keyOf: (row: Row) => string | number
  /** Shown in place of rows. */
  empty?: ComponentChildren
  isLoading?: boolean
  /** How many grey lines stand for rows that are awaited. */
  expected?: number
}

const isActions = (title: string) => title === 'Actions'

export function Table<Row>({ label, columns, rows, keyOf, empty, isLoading = false, expected = 6 }: TableProps<Row>) {
  const list = Object.entries(columns)
  const total = list.reduce((sum, [, [width]]) => sum + width, 0)
  // What is awaited and what came are different tables: the first is replaced and moves nothing.
  const key = rows === undefined ? 'awaited' : 'rows'
  return (
    <div class="card table" aria-busy={isLoading || rows === undefined}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways where its columns need it */}
      <section class="scroll" tabIndex={0} aria-label={label}>
        <table key={key} style={{ '--least': `${total * 36}px` }}>
          <colgroup>
            {list.map(([title, [width]]) => (
              <col key={title} style={{ width: `${(100 * width) / total}%` }} />
            ))}
          </colgroup>
          <thead>
            <tr>
              {list.map(([title, [, , kind]]) => (
                <th key={title} scope="col" class={kind === 'num' ? kind : ''}>
                  {isActions(title) ? <span class="hidden">{title}</span> : title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows === undefined &&
              Array.from({ length: expected }, (_, index) => (
                <tr key={String(index)}>
                  {list.map(([title]) => (
                    <td key={title}>
                      <div class="skeleton line" />
                    </td>
                  ))}
                </tr>
              ))}
            {rows?.map(item => (
              <tr key={keyOf(item)}>
                {list.map(([title, [, cell, kind]]) => (
                  <td key={title} class={isActions(title) ? 'actions' : kind} data-label={title}>
                    {isActions(title) ? <div class="row end">{cell(item)}</div> : cell(item)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows?.length === 0 && <div class="empty">{empty}</div>}
    </div>
  )
}

/** Links to the first and the next page of a list: its cursor is in the URL. */
export function Pages({ next }: { next: string | null | undefined }) {
  const { path, query } = useLocation()
  const { cursor, ...filters } = query
  if (!cursor && !next) return null
  return (
    <nav class="row end" aria-label="Pages">
      {cursor && (
        <a class="button small" href={withQuery(path, filters)}>
          First page
        </a>
      )}
      {next && (
        <a class="button small" href={withQuery(path, { ...filters, cursor: next })}>
          Next page
        </a>
      )}
    </nav>
  )
}
