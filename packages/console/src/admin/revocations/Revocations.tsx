/** The revocations: who caused them, and how long they took to be in force. */
import type { RevocationPage, RevocationView } from '@gatehouse/contract'
import { useLocation } from 'preact-iso'
import { count, duration } from '../../format.ts'
import { Time } from '../../ui/Time.tsx'
import { useData } from '../../useData.ts'
import { ListPage } from '../ListPage.tsx'
import { to, withQuery } from '../paths.ts'
import { useNames } from '../useNames.ts'
import { Who } from '../Who.tsx'

export function Revocations() {
  const { cursor } = useLocation().query
  const list = useData<RevocationPage>(withQuery('admin/revocations', { cursor }), cursor ? undefined : 5000)
  const { rows, nameOf } = useNames(list.value?.revocations, ({ actor, target }) => [actor, target])
  return (
    <ListPage
      title="Revocations"
      list={list}
      next={list.value?.nextCursor}
      columns={{
        Receipt: [
          2.5,
          ({ seq }) => (
            <a class="strong" href={to('revocations', seq)}>
              Receipt {seq}
            </a>
          ),
        ],
        When: [3, ({ at }) => <Time at={at} />],
        Action: [4, ({ action }) => action],
        By: [4, ({ actor }) => <Who id={actor} name={nameOf(actor)} />],
        On: [4, ({ target }) => <Who id={target} name={nameOf(target)} />],
        Sessions: [2, ({ sessionsEnded }) => count(sessionsEnded), 'num'],
        'In force': [2.5, row => <InForce row={row} />, 'num'],
        'Slowest guard': [3.5, ({ slowest }) => <Slowest guard={slowest} />],
      }}
      rows={rows}
      expected={12}
      keyOf={({ seq }) => seq}
      empty="Nothing was revoked yet."
    />
  )
}

function InForce({ row: { inForce, waitedMs } }: { row: RevocationView }) {
  if (inForce) return <span class="pill ok">{duration(waitedMs ?? 0)}</span>
  return (
    <span class="pill warn" title="No request waited for it. Open it to see.">
      not awaited
    </span>
  )
}

function Slowest({ guard }: { guard: RevocationView['slowest'] }) {
  if (guard === null) return <span class="muted">–</span>
  return (
    <span class="break">
      {guard.name} <small class="num">{duration(guard.afterMs)}</small>
    </span>
  )
}
