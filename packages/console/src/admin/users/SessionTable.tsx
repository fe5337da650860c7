/** The sessions of an account, each with the button that ends it. */
import type { Receipt, SessionDetail, UserDetail } from '@gatehouse/contract'
import { isPhone } from '../../agent.ts'
import { call } from '../../api.ts'
import { AlertIcon, LaptopIcon, PhoneIcon } from '../../ui/icons.tsx'
import { Table } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { begin, endedEffect, receiptOf } from '../drawer/action.ts'
import { StreamsEffect } from '../drawer/StreamsEffect.tsx'

export interface SessionTableProps {
  detail: UserDetail | undefined
  isAdmin: boolean
  onDone: () => void
}

export function SessionTable({ detail, isAdmin, onDone }: SessionTableProps) {
  const columns = ['Device', 'Address', 'Logged in', 'Last active', 'Ends']
  return (
    <Table
      label="Sessions"
      columns={isAdmin ? [...columns, '-Actions'] : columns}
      widths={[5, 3, 3, 3, 3, 2.2]}
      rows={detail?.sessions}
      expected={2}
      keyOf={({ id }) => id}
      empty="No active session. The account is logged in nowhere."
      row={session => (
        <>
          <td>
            <div class="row">
              <span class="muted">{isPhone(session.userAgent) ? <PhoneIcon /> : <LaptopIcon />}</span>
              <div class="break">
                <span class="strong">
                  <bdi>{session.device ?? session.agent}</bdi>
                </span>{' '}
                {session.current && <span class="pill ok">this session</span>}
                {session.sharedAt && (
                  <span class="pill warn">
                    <AlertIcon size={13} /> shared
                  </span>
                )}
                {session.device && <small class="block">{session.agent}</small>}
              </div>
            </div>
          </td>
          <td class="mono">{session.address ?? '–'}</td>
          <td>
            <Time at={session.createdAt} />
          </td>
          <td>
            <Time at={session.renewedAt ?? session.createdAt} />
          </td>
          <td>
            <Time at={session.expiresAt} />
          </td>
          {isAdmin && (
            <td class="end">
              <button type="button" class="button small danger" onClick={() => endSession(session, onDone)}>
                End<span class="hidden"> the session on {session.device ?? session.agent}</span>
              </button>
            </td>
          )}
        </>
      )}
    />
  )
}

function endSession({ id, device, agent, current }: SessionDetail, onDone: () => void): void {
  begin({
    title: 'End this session',
    button: 'End session',
    isDangerous: true,
    effects: [
      <>
        Ends the session on <strong class="break">{device ?? agent}</strong>. The other sessions go on.
      </>,
      endedEffect,
      <StreamsEffect key="streams" />,
      ...(current ? ['This is the session that you are using: you will be logged out.'] : []),
    ],
    ...(current ? { confirmation: 'myself', endsOwnSession: true } : {}),
    send: async ({ reason }) => {
      const body = { reason, ...(current ? { confirm: 'myself' } : {}) }
      return receiptOf(await call<Receipt>(`admin/sessions/${id}/end`, { method: 'POST', body, waitSeconds: 1 }))
    },
    onDone,
  })
}
