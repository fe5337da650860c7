/** The first page: whether revocations get through, and what happened last. */
import type { ActiveSessions, AuditPage, GuardList, RevocationPage } from '@gatehouse/contract'
import type { ComponentChildren } from 'preact'
import { count, duration, plural } from '../../format.ts'
import { Problem } from '../../ui/Problem.tsx'
import { Time } from '../../ui/Time.tsx'
import { useData } from '../../useData.ts'
import { EntryList } from '../audit/EntryList.tsx'
import { to } from '../paths.ts'
import { Guards } from './Guards.tsx'
import { Health } from './Health.tsx'

export function Overview() {
  const guards = useData<GuardList>('admin/guards', 2000)
  const sessions = useData<ActiveSessions>('admin/sessions/count', 10_000)
  const revocations = useData<RevocationPage>('admin/revocations?limit=1', 5000)
  const audit = useData<AuditPage>('admin/audit?limit=8', 5000)
  // Tables come below all that may still grow, so that they need not move.
  const isKnown = guards.value && sessions.value && revocations.value
  const last = revocations.value?.revocations[0]
  return (
    <>
      <h1>Overview</h1>
      <Problem error={guards.error} onRetry={guards.reload} />
      <Health guards={guards.value} />
      <div class="tiles">
        <Tile label="Active sessions" value={sessions.value && count(sessions.value.activeSessions)}>
          on all devices of all users
        </Tile>
        <Tile label="Live guards" value={guards.value && count(guards.value.guards.length)}>
          {guards.value ? `feed at ${count(guards.value.head)}` : ' '}
        </Tile>
        <Tile
          label="Last revocation"
          value={revocations.value && (last ? (last.waitedMs === null ? 'open' : duration(last.waitedMs)) : 'none yet')}
        >
          {last ? (
            <>
              <a href={to('revocations', last.seq)}>Receipt {last.seq}</a>, {plural(last.sessionsEnded, 'session')},{' '}
              <Time at={last.at} />
            </>
          ) : (
            ' '
          )}
        </Tile>
      </div>
      {isKnown ? (
        <>
          <Guards list={guards.value} />
          <section>
            <div class="heading">
              <h2>Latest audit entries</h2>
              <a href={to('audit')}>All entries</a>
            </div>
            <EntryList entries={audit.value?.entries} expected={8} />
          </section>
        </>
      ) : (
        <div class="card skeleton tables" aria-busy="true" />
      )}
    </>
  )
}

function Tile({ label, value, children }: { label: string; value: string | undefined; children: ComponentChildren }) {
  return (
    <div class="card tile">
      <h2>{label}</h2>
      <p class="figure num">{value ?? <span class="skeleton figure-line" />}</p>
      <small>{children}</small>
    </div>
  )
}
