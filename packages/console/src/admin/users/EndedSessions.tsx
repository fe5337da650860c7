/** The sessions of an account that ended within a day, without an act. */
import type { EndedSession } from '@gatehouse/contract'
import { agentInWords } from '../../agent.ts'
import { Table } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'

export function EndedSessions({ ended }: { ended: readonly EndedSession[] }) {
  if (ended.length === 0) return null
  return (
    <section>
      <h2>Ended in the last 24 hours</h2>
      <Table
        label="Ended sessions"
        columns={['Device', 'Address', 'Logged in', 'Ended', 'Why']}
        widths={[5, 3, 3, 3, 3]}
        rows={ended}
        keyOf={({ id }) => id}
        empty=""
        row={({ device, userAgent, address, createdAt, endedAt, endedAs }) => (
          <>
            <td class="muted break">
              <bdi>{device ?? agentInWords(userAgent)}</bdi>
            </td>
            <td class="muted mono">{address ?? '–'}</td>
            <td class="muted">
              <Time at={createdAt} />
            </td>
            <td class="muted">
              <Time at={endedAt} />
            </td>
            <td class="muted">{endedAs.replaceAll('-', ' ')}</td>
          </>
        )}
      />
    </section>
  )
}
