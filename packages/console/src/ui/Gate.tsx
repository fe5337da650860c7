/** What every page shows around its content: log-in, the outage banner, the question for the password. */
import type { ComponentChildren } from 'preact'
import { isAway, passwordRequest, session } from '../session.ts'
import { AlertIcon, GateIcon } from './icons.tsx'
import { lazy } from './lazy.tsx'

const Login = lazy(async () => (await import('./Login.tsx')).Login, Splash)
const Reauthenticate = lazy(
  async () => (await import('./Reauthenticate.tsx')).Reauthenticate,
  () => null,
)

export function Gate({ title, children }: { title: string; children: ComponentChildren }) {
  const { phase, isUnreachable } = session.use()
  const isAsked = passwordRequest.use() !== undefined
  const isOut = isAway.use() || isUnreachable
  if (phase === 'signed-out') return <Login title={title} />
  return (
    <>
      {isOut && (
        <div class="banner" role="alert">
          <AlertIcon />
          <span>
            <strong>The auth service does not answer.</strong> You stay signed in, and guards decide from memory. This
            page tries again by itself.
          </span>
        </div>
      )}
      {phase === 'unknown' ? <Splash /> : children}
      {isAsked && <Reauthenticate />}
    </>
  )
}

export function Splash() {
  return (
    <main class="login" aria-busy="true">
      <div class="mark pulse" role="status" aria-label="Loading">
        <GateIcon size={26} />
      </div>
    </main>
  )
}
