/** A session of the user: where it is, since when, and the button that ends it. */
import type { EndedSession, SessionView } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { client } from '../session.ts'
import { AlertIcon, DeviceIcon } from '../ui/icons.tsx'
import { Time } from '../ui/Time.tsx'

export function Device({ session, onEnd }: { session: SessionView; onEnd: (path: string) => Promise<void> }) {
  const { id, device, agent, address, createdAt, renewedAt, current, sharedAt } = session
  const [isEnding, setEnding] = useState(false)
  const name = device ?? agent
  const end = async () => {
    setEnding(true)
    await (current ? client.signOut() : onEnd(`sessions/${id}`))
    setEnding(false)
  }
  return (
    <li class="device">
      <DeviceIcon agent={agent} />
      <div class="grow">
        <div class="name">
          <bdi>{name}</bdi>
          {current && <span class="pill ok">This device</span>}
          {session.client !== 'first-party' && <span class="pill">{session.client}</span>}
        </div>
        <div class="muted">
          {device && `${agent} · `}
          {address ?? 'address not known'} · active <Time at={renewedAt ?? createdAt} /> · logged in{' '}
          <Time at={createdAt} />
        </div>
        {sharedAt && (
          <div class="warning">
            <AlertIcon size={16} />
            <span>
              Two programs seem to use this session since <Time at={sharedAt} />. If you copied no browser profile, end
              it and change your password.
            </span>
          </div>
        )}
      </div>
      <button type="button" class="button" disabled={isEnding} onClick={end}>
        {current ? 'Log out' : 'End'}
        {isEnding && '…'}
        <span class="hidden"> {name}</span>
      </button>
    </li>
  )
}

/** Those of one day, so that a user sees what an end has done. */
export function Ended({ sessions }: { sessions: readonly EndedSession[] }) {
  return (
    sessions.length > 0 && (
      <section>
        <h2>Ended in the last 24 hours</h2>
        <ul class="muted ended">
          {sessions.map(({ id, device, agent, address, endedAt, endedAs }) => (
            <li key={id} class="break">
              <bdi>{device ?? agent}</bdi>
              {address && ` · ${address}`} · {endedAs.replaceAll('-', ' ')} <Time at={endedAt} />
            </li>
          ))}
        </ul>
      </section>
    )
  )
}
