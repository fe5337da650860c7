/** The revocations: who caused them, and how long they took to be in force. */
import type { RevocationPage, RevocationView } from '@gatehouse/contract'
import { useLocation } from 'preact-iso'
import { duration } from '../../format.ts'
import { Problem } from '../../ui/Problem.tsx'
import { Pages, Table } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { useData } from '../../useData.ts'
import { to, withQuery } from '../paths.ts'
import { useNames } from '../useNames.ts'
import { Who } from '../Who.tsx'

export function Revocations() {
  const { cursor } = useLocation().query
  const path = to('revocations')
  const list = useData<RevocationPage>(withQuery('admin/revocations', { cursor }), cursor ? undefined : 5000)
  const { rows, nameOf } = useNames(list.value?.revocations, ({ actor, target }) => [actor, target])
  const next = list.value?.nextCursor
  return (
    <>
      <h1>Revocations</h1>
      <Problem error={list.error} onRetry={list.reload} />
      <Table
        label="Revocations"
        columns={['Receipt', 'When', 'Action', 'By', 'On', 'Sessions', 'In force', 'Slowest guard']}
        widths={[2, 3, 4, 4, 4, 2, 2, 3]}
        rows={rows}
        isLoading={list.isLoading}
        expected={12}
        keyOf={({ seq }) => seq}
        empty="Nothing was revoked yet."
        row={row => <RevocationRow row={row} nameOf={nameOf} />}
      />
      <Pages first={cursor ? path : undefined} next={next ? withQuery(path, { cursor: next }) : undefined} />
    </>
  )
}

interface RevocationRowProps {
  row: RevocationView
  nameOf: (id: string | null) => string | undefined
}

function RevocationRow({ row, nameOf }: RevocationRowProps) {
  const { seq, at, action, actor, target, sessionsEnded, inForce, waitedMs, slowest } = row
  return (
    <>
      <td>
        <a class="strong num" href={to('revocations', seq)}>
          {seq}
        </a>
      </td>
      <td>
        <Time at={at} />
      </td>
      <td>{action}</td>
      <td>
        <Who id={actor} name={nameOf(actor)} />
      </td>
      <td>
        <Who id={target} name={nameOf(target)} />
      </td>
      <td class="num">{sessionsEnded}</td>
      <td>
        {inForce ? (
          <span class="pill ok num">after {duration(waitedMs ?? 0)}</span>
        ) : (
          <span class="pill warn" title="No request waited for it. Open it to see.">
            not awaited
          </span>
        )}
      </td>
      <td class="break">
        {slowest ? (
          <>
            {slowest.name} <small class="num">{duration(slowest.afterMs)}</small>
          </>
        ) : (
          <span class="muted">–</span>
        )}
      </td>
    </>
  )
}
