/** The frame of the console: navigation, the page, the drawer. Accounts without a role see none of it. */
import type { Me } from '@gatehouse/contract'
import { useEffect } from 'preact/hooks'
import { LocationProvider, Route, Router } from 'preact-iso'
import { root } from '../session.ts'
import { Problem } from '../ui/Problem.tsx'
import { useData } from '../useData.ts'
import { Audit } from './audit/Audit.tsx'
import { Clients } from './clients/Clients.tsx'
import { ActionDrawer } from './drawer/ActionDrawer.tsx'
import { Keys } from './keys/Keys.tsx'
import { me } from './me.ts'
import { Navigation } from './Navigation.tsx'
import { Overview } from './overview/Overview.tsx'
import { base } from './paths.ts'
import { Receipt } from './revocations/Receipt.tsx'
import { Revocations } from './revocations/Revocations.tsx'
import { EndAll } from './sessions/EndAll.tsx'
import { Sessions } from './sessions/Sessions.tsx'
import { User } from './users/User.tsx'
import { Users } from './users/Users.tsx'

export function Console() {
  const { value, error, reload } = useData<Me>('me')
  useEffect(() => me.set(value), [value])
  // The pages read it: with it from their first render on, no column and no button comes later.
  const isKnown = me.use() !== undefined
  if (value === undefined || !isKnown) {
    return (
      <main class="login">
        <Problem error={error} onRetry={reload} />
      </main>
    )
  }
  if (!value.roles.some(role => role === 'admin' || role === 'auditor')) return <NoRole email={value.email} />
  return (
    <LocationProvider scope={base}>
      <div class="frame">
        <Navigation me={value} />
        <main class="page" id="page">
          <Router>
            <Route path={base} component={Overview} />
            <Route path={`${base}/users`} component={Users} />
            <Route path={`${base}/users/:id`} component={User} />
            <Route path={`${base}/sessions`} component={Sessions} />
            <Route path={`${base}/revocations`} component={Revocations} />
            <Route path={`${base}/revocations/:seq`} component={Receipt} />
            <Route path={`${base}/audit`} component={Audit} />
            <Route path={`${base}/clients`} component={Clients} />
            <Route path={`${base}/keys`} component={Keys} />
            <Route path={`${base}/end-all`} component={EndAll} />
            <Route default component={NotFound} />
          </Router>
        </main>
        <ActionDrawer />
      </div>
    </LocationProvider>
  )
}

function NoRole({ email }: { email: string }) {
  return (
    <main class="login">
      <form>
        <h1>No access to the console</h1>
        <p class="muted break">
          <bdi>{email}</bdi> has neither the role admin nor the role auditor. An administrator can grant it.
        </p>
        <a class="button primary wide" href={new URL('account', root).href}>
          My devices
        </a>
      </form>
    </main>
  )
}

function NotFound() {
  return (
    <>
      <h1>Page not found</h1>
      <p class="muted">
        There is no such page. <a href={base}>Go to the overview.</a>
      </p>
    </>
  )
}
