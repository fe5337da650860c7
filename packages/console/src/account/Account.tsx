/** My devices and my password. */
import type { InForce, Me, SessionList } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { call } from '../api.ts'
import { plural } from '../format.ts'
import { Problem } from '../ui/Problem.tsx'
import { TopBar } from '../ui/TopBar.tsx'
import { useData } from '../useData.ts'
import { Device, Ended } from './Device.tsx'
import { PasswordForm } from './PasswordForm.tsx'

export function Account() {
  const me = useData<Me>('me')
  const { value, error: unread, reload } = useData<SessionList>('sessions', 5000)
  const [notice, setNotice] = useState('')
  const [error, setError] = useState<unknown>()
  const others = value?.sessions.filter(({ current }) => !current).length ?? 0

  const end = async (path: string) => {
    setError(undefined)
    try {
      const { data } = await call<InForce>(path, { method: 'DELETE', headers: { prefer: 'wait=5' } })
      setNotice(`${plural(data.sessionsEnded, 'session')} ended${data.inForce ? ', and signed out everywhere' : ''}.`)
      reload()
    } catch (failure) {
      setError(failure)
    }
  }

  return (
    <>
      <TopBar email={me.value?.email} />
      <main class="narrow">
        <section>
          <h1>My devices</h1>
          <p class="muted">Where you are logged in. End what you do not know.</p>
          <div role="status" class="notice">
            {notice}
          </div>
          <Problem error={error ?? unread} />
          <ul class={`card devices ${value ? '' : 'skeleton'}`} aria-busy={!value}>
            {value?.sessions.map(session => (
              <Device key={session.id} session={session} onEnd={end} />
            ))}
          </ul>
          {others > 0 && (
            <div class="row">
              <button type="button" class="button danger" onClick={() => end('sessions?others=true')}>
                End {plural(others, 'other session')}
              </button>
            </div>
          )}
        </section>
        {/* Below the list, which grows when it comes. */}
        {value && (
          <>
            <Ended sessions={value.ended} />
            <PasswordForm onChanged={reload} email={me.value?.email} />
          </>
        )}
      </main>
    </>
  )
}
