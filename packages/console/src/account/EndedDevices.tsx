/** The sessions that ended within a day, so that a user sees what an end has done. */
import type { EndedSession } from '@gatehouse/contract'
import { agentInWords } from '../agent.ts'
import { Time } from '../ui/Time.tsx'

export function EndedDevices({ ended }: { ended: readonly EndedSession[] }) {
  if (ended.length === 0) return null
  return (
    <section>
      <h2>Ended in the last 24 hours</h2>
      <ul class="muted ended">
        {ended.map(({ id, device, userAgent, address, endedAt, endedAs }) => (
          <li key={id} class="break">
            <bdi>{device ?? agentInWords(userAgent)}</bdi>
            {address && ` · ${address}`} · {endedAs.replaceAll('-', ' ')} <Time at={endedAt} />
          </li>
        ))}
      </ul>
    </section>
  )
}
