/** Audit entries as a table; each opens its evidence. */
import type { AuditView } from '@gatehouse/contract'
import { Time } from '../../ui/Time.tsx'
import { DrawerButton } from '../drawer/DrawerButton.tsx'
import { Table } from '../Table.tsx'
import { useNames } from '../useNames.ts'
import { Who } from '../Who.tsx'
import { Evidence, type EvidenceProps } from './Evidence.tsx'

export interface EntryListProps {
  entries: readonly AuditView[] | undefined
  isLoading?: boolean
  expected?: number
}

export function EntryList({ entries, isLoading = false, expected = 10 }: EntryListProps) {
  const { rows, nameOf } = useNames(entries, ({ actor, target }) => [actor, target])
  return (
    <Table
      label="Audit entries"
      columns={{
        When: [3, ({ at }) => <Time at={at} />],
        Action: [4, ({ action }) => action],
        Actor: [4, ({ actor }) => <Who id={actor} name={nameOf(actor)} />],
        Target: [4, ({ target }) => <Who id={target} name={nameOf(target)} />],
        Outcome: [3, ({ outcome }) => <span class={`pill ${outcomeTone(outcome)}`}>{outcome}</span>],
        Actions: [3, entry => <EvidenceButton entry={entry} nameOf={nameOf} />],
      }}
      rows={rows}
      isLoading={isLoading}
      expected={expected}
      keyOf={({ id }) => id}
      empty="No entry matches."
    />
  )
}

function EvidenceButton({ entry, nameOf }: EvidenceProps) {
  const text = (
    <>
      Details<span class="hidden"> of entry {entry.id}</span>
    </>
  )
  return (
    <DrawerButton class="small plain" title={`Entry ${entry.id}`} text={text}>
      {() => <Evidence entry={entry} nameOf={nameOf} />}
    </DrawerButton>
  )
}

function outcomeTone(outcome: string): string {
  if (outcome === 'done' || outcome === 'begun') return ''
  return /reuse|shared|sharing/.test(outcome) ? 'bad' : 'warn'
}
