/** The sessions of an account, each with the button that ends it. */
import type { Receipt, SessionView, UserDetail } from '@gatehouse/contract'
import { call, soon } from '../../api.ts'
import { AlertIcon, DeviceIcon } from '../../ui/icons.tsx'
import { Time } from '../../ui/Time.tsx'
import { begin, endedEffect, receiptOf } from '../drawer/action.ts'
import { StreamsEffect } from '../drawer/StreamsEffect.tsx'
import { type Column, Table } from '../Table.tsx'

export interface SessionTableProps {
  detail: UserDetail | undefined
  isAdmin: boolean
  onDone: () => void
}

export function SessionTable({ detail, isAdmin, onDone }: SessionTableProps) {
  const columns: Record<string, Column<SessionView>> = {
    Device: [5, session => <DeviceName session={session} />],
    Address: [3, ({ address }) => address ?? '–', 'mono'],
    'Logged in': [3, ({ createdAt }) => <Time at={createdAt} />],
    'Last active': [3, ({ renewedAt, createdAt }) => <Time at={renewedAt ?? createdAt} />],
    Ends: [3, ({ expiresAt }) => <Time at={expiresAt} />],
  }
  const end = (session: SessionView) => (
    <button type="button" class="button small danger" onClick={() => endSession(session, onDone)}>
      End<span class="hidden"> the session on {session.device ?? session.agent}</span>
    </button>
  )
  return (
    <Table
      label="Sessions"
      columns={isAdmin ? { ...columns, Actions: [2.2, end] } : columns}
      rows={detail?.sessions}
      expected={2}
      keyOf={({ id }) => id}
      empty="No active session. The account is logged in nowhere."
    />
  )
}

function DeviceName({ session: { device, agent, current, sharedAt } }: { session: SessionView }) {
  return (
    <div class="row">
      <DeviceIcon agent={agent} />
      <div class="break">
        <bdi class="strong">{device ?? agent}</bdi> {current && <span class="pill ok">this session</span>}
        {sharedAt && (
          <span class="pill warn">
            <AlertIcon size={13} /> shared
          </span>
        )}
        {device && <small class="block">{agent}</small>}
      </div>
    </div>
  )
}

function endSession({ id, device, agent, current }: SessionView, onDone: () => void): void {
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
      return receiptOf(await call<Receipt>(`admin/sessions/${id}/end`, { method: 'POST', body, headers: soon }))
    },
    onDone,
  })
}
