/** The break-glass: ends every session of every account. */
import type { ActiveSessions, Receipt } from '@gatehouse/contract'
import { call } from '../../api.ts'
import { count } from '../../format.ts'
import { PowerIcon } from '../../ui/icons.tsx'
import { useData } from '../../useData.ts'
import { begin, endedEffect, receiptOf } from '../drawer/action.ts'
import { StreamsEffect } from '../drawer/StreamsEffect.tsx'
import { useIsAdmin } from '../me.ts'

const sentence = 'end every session'

export function EndAll() {
  const { value, reload } = useData<ActiveSessions>('admin/sessions/count')
  const isAdmin = useIsAdmin()
  const start = () =>
    begin({
      title: 'End everything',
      button: 'End every session',
      isDangerous: true,
      confirmation: sentence,
      countdownSeconds: 5,
      endsOwnSession: true,
      effects: [
        `Ends all ${value ? count(value.activeSessions) : ''} active sessions, yours included.`,
        endedEffect,
        <StreamsEffect key="streams" isOfAll />,
        'Every user must log in again at the same time. Expect a peak of log-ins.',
      ],
      send: async ({ reason }) => {
        const body = { confirm: sentence, reason }
        return receiptOf(
          await call<Receipt>('admin/sessions/end-all', { method: 'POST', body, headers: { prefer: 'wait=5' } }),
        )
      },
      onDone: reload,
    })
  return (
    <>
      <h1>End everything</h1>
      <div class="card pad danger-zone">
        <div class="grow">
          <h2>End every session of every account</h2>
          <p class="muted">
            For a breach of which you do not know the extent. All {value ? count(value.activeSessions) : ' '} active
            sessions end, and every access token is refused once it is in force. Accounts, passwords and service clients
            stay as they are.
          </p>
        </div>
        {isAdmin && (
          <button type="button" class="button primary danger" onClick={start}>
            <PowerIcon size={16} /> End everything
          </button>
        )}
      </div>
    </>
  )
}
