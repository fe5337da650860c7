/** Audit entries as a table; each opens its evidence. */
import type { AuditView } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { Dialog } from '../../ui/Dialog.tsx'
import { Table } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { useNames } from '../useNames.ts'
import { Who } from '../Who.tsx'
import { Evidence } from './Evidence.tsx'

export interface EntryListProps {
  entries: readonly AuditView[] | undefined
  isLoading?: boolean
  expected?: number
}

export function EntryList({ entries, isLoading = false, expected = 10 }: EntryListProps) {
  const { rows, nameOf } = useNames(entries, ({ actor, target }) => [actor, target])
  const [open, setOpen] = useState<AuditView | undefined>()
  return (
    <>
      <Table
        label="Audit entries"
        columns={['When', 'Action', 'Actor', 'Target', 'Outcome', '-Evidence']}
        widths={[3, 4, 4, 4, 3, 2.6]}
        rows={rows}
        isLoading={isLoading}
        expected={expected}
        keyOf={({ id }) => id}
        empty="No entry matches."
        row={entry => (
          <>
            <td>
              <Time at={entry.at} />
            </td>
            <td>{entry.action}</td>
            <td>
              <Who id={entry.actor} name={nameOf(entry.actor)} />
            </td>
            <td>
              <Who id={entry.target} name={nameOf(entry.target)} />
            </td>
            <td>
              <span class={`pill ${outcomeTone(entry.outcome)}`}>{entry.outcome}</span>
            </td>
            <td class="end">
              <button type="button" class="button small plain" onClick={() => setOpen(entry)}>
                Details<span class="hidden"> of entry {entry.id}</span>
              </button>
            </td>
          </>
        )}
      />
      {open && (
        <Dialog title={`Entry ${open.id}`} kind="drawer" onClose={() => setOpen(undefined)}>
          <Evidence entry={open} nameOf={nameOf} />
        </Dialog>
      )}
    </>
  )
}

function outcomeTone(outcome: string): string {
  if (outcome === 'done' || outcome === 'begun') return ''
  return /reuse|shared|sharing/.test(outcome) ? 'bad' : 'warn'
}
