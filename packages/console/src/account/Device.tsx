/** A session of the user: where it is, since when, and the button that ends it. */
import type { SessionView } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { agentInWords, isPhone } from '../agent.ts'
import { AlertIcon, LaptopIcon, PhoneIcon } from '../ui/icons.tsx'
import { Time } from '../ui/Time.tsx'

export function Device({ session, onEnd }: { session: SessionView; onEnd: () => Promise<void> }) {
  const { device, client, userAgent, address, createdAt, renewedAt, current, sharedAt } = session
  const [isEnding, setEnding] = useState(false)
  const agent = agentInWords(userAgent)
  const name = device ?? agent
  const end = () => {
    setEnding(true)
    onEnd().finally(() => setEnding(false))
  }
  return (
    <li class="device">
      <span class="avatar">{isPhone(userAgent) ? <PhoneIcon /> : <LaptopIcon />}</span>
      <div class="grow">
        <div class="name">
          <bdi>{name}</bdi>
          {current && <span class="pill ok">This device</span>}
          {client !== 'first-party' && <span class="pill">{client}</span>}
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
        {current ? 'Log out' : isEnding ? 'Ending…' : 'End'}
        <span class="hidden">{current ? ' this device' : ` the session on ${name}`}</span>
      </button>
    </li>
  )
}
