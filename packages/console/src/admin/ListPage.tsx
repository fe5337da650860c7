/** A page that lists: its heading with one button, its filters, a table, and links to more rows. */
import type { ComponentChildren } from 'preact'
import { Problem } from '../ui/Problem.tsx'
import type { Data } from '../useData.ts'
import { useIsAdmin } from './me.ts'
import { Pages, Table, type TableProps } from './Table.tsx'

export interface ListPageProps<Row> extends Omit<TableProps<Row>, 'label' | 'isLoading'> {
  title: string
  list: Pick<Data<unknown>, 'error' | 'isLoading' | 'reload'>
  /** The cursor of the next rows. */
  next?: string | null | undefined
  /** For admins only, as are the buttons of the rows. */
  button?: ComponentChildren
  /** Between the heading and the table. */
  children?: ComponentChildren
}

export function ListPage<Row>({ title, list, next, button, children, columns, ...table }: ListPageProps<Row>) {
  const isAdmin = useIsAdmin()
  const { Actions, ...others } = columns
  return (
    <>
      <div class="heading">
        <h1>{title}</h1>
        {isAdmin && button}
      </div>
      {children}
      <Problem error={list.error} onRetry={list.reload} />
      <Table label={title} isLoading={list.isLoading} columns={isAdmin ? columns : others} {...table} />
      <Pages next={next} />
    </>
  )
}
