/** My devices and my password. */
import type { InForce, Me, SessionList } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { call } from '../api.ts'
import { plural } from '../format.ts'
import { client } from '../session.ts'
import { Problem } from '../ui/Problem.tsx'
import { TopBar } from '../ui/TopBar.tsx'
import { useData } from '../useData.ts'
import { Device } from './Device.tsx'
import { EndedDevices } from './EndedDevices.tsx'
import { PasswordForm } from './PasswordForm.tsx'

export function Account() {
  const me = useData<Me>('me')
  const list = useData<SessionList>('sessions', 5000)
  const [notice, setNotice] = useState('')
  const [error, setError] = useState<unknown>()
  const sessions = list.value?.sessions
  const others = sessions?.filter(({ current }) => !current).length ?? 0

  const end = async (path: string) => {
    setError(undefined)
    try {
      const { data } = await call<InForce>(path, { method: 'DELETE', waitSeconds: 5 })
      setNotice(`${plural(data.sessionsEnded, 'session')} ended${data.inForce ? ', and signed out everywhere.' : '.'}`)
      list.reload()
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
          <p class="muted">Each line is a place where you are logged in. End those that you do not know.</p>
          <div role="status" class="notice">
            {notice}
          </div>
          <Problem error={error ?? list.error} />
          <ul class="devices" aria-busy={sessions === undefined}>
            {sessions === undefined && [1, 2].map(key => <li key={key} class="device skeleton" />)}
            {sessions?.map(session => (
              <Device
                key={session.id}
                session={session}
                onEnd={() => (session.current ? client.signOut() : end(`sessions/${session.id}`))}
              />
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
        {(sessions || list.error !== undefined) && (
          <>
            <EndedDevices ended={list.value?.ended ?? []} />
            <PasswordForm onChanged={list.reload} email={me.value?.email} />
          </>
        )}
      </main>
    </>
  )
}
