/** One account: its state, its sessions, and what an admin can do with it. */
import type { UserDetail, UserView } from '@gatehouse/contract'
import { useRoute } from 'preact-iso'
import { Pills } from '../../ui/Pills.tsx'
import { Problem } from '../../ui/Problem.tsx'
import { Time } from '../../ui/Time.tsx'
import { useData } from '../../useData.ts'
import { useIsAdmin } from '../me.ts'
import { to, withQuery } from '../paths.ts'
import { EndedSessions } from './EndedSessions.tsx'
import { SessionTable } from './SessionTable.tsx'
import { StatePill } from './StatePill.tsx'
import { UserActions } from './UserActions.tsx'

export function User() {
  const { id = '' } = useRoute().params
  const { value, etag, error, reload } = useData<UserDetail>(`admin/users/${encodeURIComponent(id)}`, 5000)
  const isAdmin = useIsAdmin()
  const detail = value?.user.id === id ? value : undefined
  return (
    <>
      <p class="crumb">
        <a href={to('users')}>Users</a>
      </p>
      <div class="heading top">
        <h1 class="break">{detail ? <bdi>{detail.user.email}</bdi> : <span class="skeleton title" />}</h1>
        {isAdmin &&
          (detail ? <UserActions detail={detail} etag={etag} onDone={reload} /> : <div class="skeleton actions" />)}
      </div>
      <Problem error={error} onRetry={reload} />
      {/* On a narrow screen the address and the buttons take more lines than what holds their place: what follows is replaced. */}
      <Facts key={detail ? 'known' : 'awaited'} user={detail?.user} />
      <div class="row wrap" key={detail ? 'links' : 'awaited links'}>
        <a class="button small" href={withQuery(to('audit'), { target: id })}>
          Audit entries about this account
        </a>
        <a class="button small" href={withQuery(to('audit'), { actor: id })}>
          Audit entries of its own acts
        </a>
      </div>
      <section>
        <h2>Sessions</h2>
        <SessionTable detail={detail} isAdmin={isAdmin} onDone={reload} />
      </section>
      <EndedSessions ended={detail?.ended ?? []} />
    </>
  )
}

function Facts({ user }: { user: UserView | undefined }) {
  const line = <span class="skeleton line" />
  const names = (list: readonly string[] | undefined) =>
    list ? <Pills names={list} tone="accent" otherwise="none" /> : line
  return (
    <dl class="card pad facts wide">
      <div>
        <dt>State</dt>
        <dd class="row wrap">
          {user ? <StatePill user={user} /> : line}
          {user?.disabledAt && (
            <small>
              since <Time at={user.disabledAt} />
            </small>
          )}
        </dd>
      </div>
      <div>
        <dt>Roles</dt>
        <dd>{names(user?.roles)}</dd>
      </div>
      <div>
        <dt>Scopes</dt>
        <dd>{names(user?.scopes)}</dd>
      </div>
      <div>
        <dt>Created</dt>
        <dd>{user ? <Time at={user.createdAt} /> : line}</dd>
      </div>
      <div>
        <dt>Password changed</dt>
        <dd>{user ? <Time at={user.passwordChangedAt} /> : line}</dd>
      </div>
      <div>
        <dt>Last seen</dt>
        <dd>{user ? <Time at={user.lastSeenAt} /> : line}</dd>
      </div>
    </dl>
  )
}
