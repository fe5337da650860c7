/** The live guards: their lease and how far they have read the feed. */
import type { GuardList } from '@gatehouse/contract'
import { Table } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { isLate } from './Health.tsx'

export function Guards({ list }: { list: GuardList | undefined }) {
  const { leaseMs = 1 } = list ?? {}
  return (
    <section>
      <h2>Guards</h2>
      <Table
        label="Guards"
        columns={['Guard', 'Lease', 'Cursor', 'State', 'Last seen']}
        widths={[4, 3, 2, 2, 3]}
        rows={list?.guards}
        expected={3}
        keyOf={({ guard }) => guard}
        empty="No guard follows the feed."
        row={({ name, version, cursor, lag, leaseLeftMs, lastSeenAt }) => (
          <>
            <td>
              <strong class="break">{name}</strong> <small>{version}</small>
            </td>
            <td>
              <div class="row">
                <div class="bar" aria-hidden="true">
                  <div
                    class={isLate(leaseLeftMs, leaseMs) ? 'bad' : ''}
                    style={{ width: `${Math.min(100, Math.max(4, (100 * leaseLeftMs) / leaseMs))}%` }}
                  />
                </div>
                <span class="num">{Math.max(0, Math.ceil(leaseLeftMs / 1000))} s</span>
              </div>
            </td>
            <td class="num">{cursor}</td>
            <td>
              {isLate(leaseLeftMs, leaseMs) ? (
                <span class="pill bad">silent</span>
              ) : lag > 0 ? (
                <span class="pill warn">{lag} behind</span>
              ) : (
                <span class="pill ok">up to date</span>
              )}
            </td>
            <td>
              <Time at={lastSeenAt} />
            </td>
          </>
        )}
      />
    </section>
  )
}
