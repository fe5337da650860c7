/** The live guards: their lease and how far they have read the feed. */
import type { GuardList } from '@gatehouse/contract'
import { count } from '../../format.ts'
import { Time } from '../../ui/Time.tsx'
import { Table } from '../Table.tsx'
import { isLate } from './Health.tsx'

export function Guards({ list }: { list: GuardList | undefined }) {
  const { leaseMs = 1 } = list ?? {}
  return (
    <section>
      <h2>Guards</h2>
      <Table
        label="Guards"
        columns={{
          Guard: [
            4,
            ({ name, version }) => (
              <>
                <strong class="break">{name}</strong> <small>{version}</small>
              </>
            ),
          ],
          Lease: [3, ({ leaseLeftMs }) => <Lease leftMs={leaseLeftMs} ofMs={leaseMs} />],
          Cursor: [2, ({ cursor }) => count(cursor), 'num'],
          State: [
            2.5,
            ({ leaseLeftMs, lag }) =>
              isLate(leaseLeftMs, leaseMs) ? (
                <span class="pill bad">silent</span>
              ) : lag > 0 ? (
                <span class="pill warn">{lag} behind</span>
              ) : (
                <span class="pill ok">up to date</span>
              ),
          ],
          'Last seen': [3, ({ lastSeenAt }) => <Time at={lastSeenAt} />],
        }}
        rows={list?.guards}
        expected={3}
        keyOf={({ guard }) => guard}
        empty="No guard follows the feed."
      />
    </section>
  )
}

function Lease({ leftMs, ofMs }: { leftMs: number; ofMs: number }) {
  return (
    <div class="row">
      <div class="bar" aria-hidden="true">
        <div
          class={isLate(leftMs, ofMs) ? 'bad' : ''}
          style={{ width: `${Math.min(100, Math.max(4, (100 * leftMs) / ofMs))}%` }}
        />
      </div>
      <span class="num">{Math.max(0, Math.ceil(leftMs / 1000))} s</span>
    </div>
  )
}
