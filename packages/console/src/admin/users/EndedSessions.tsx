/** The sessions of an account that ended within a day, without an act. */
import type { EndedSession } from '@gatehouse/contract'
import { Time } from '../../ui/Time.tsx'
import { Table } from '../Table.tsx'

export function EndedSessions({ ended }: { ended: readonly EndedSession[] }) {
  if (ended.length === 0) return null
  return (
    <section class="muted">
      <h2>Ended in the last 24 hours</h2>
      <Table
        label="Ended sessions"
        columns={{
          Device: [5, ({ device, agent }) => <bdi class="break">{device ?? agent}</bdi>],
          Address: [3, ({ address }) => address ?? '–', 'mono'],
          'Logged in': [3, ({ createdAt }) => <Time at={createdAt} />],
          Ended: [3, ({ endedAt }) => <Time at={endedAt} />],
          Why: [3, ({ endedAs }) => endedAs.replaceAll('-', ' ')],
        }}
        rows={ended}
        keyOf={({ id }) => id}
      />
    </section>
  )
}
