/** The acts on an account: what the drawer says about each, and the call behind it. */
import type { Receipt, ResetCodeIssued, UserDetail, UserView } from '@gatehouse/contract'
import type { ComponentChildren } from 'preact'
import { call, soon } from '../../api.ts'
import { duration, plural } from '../../format.ts'
import { type Action, endedEffect, receiptOf } from '../drawer/action.ts'
import { StreamsEffect } from '../drawer/StreamsEffect.tsx'
import { Difference } from './Difference.tsx'

export interface Seen {
  user: UserView
  etag: string | null | undefined
  /** It is the account of the admin who acts. */
  isOwn: boolean
}

export type UserActionName = 'endSessions' | 'disable' | 'enable' | 'forceChange' | 'resetCode' | 'remove'

interface Description extends Pick<Action, 'title' | 'button' | 'isDangerous'> {
  method: 'POST' | 'DELETE'
  path: string
  effects: ComponentChildren[]
}

function describe(name: UserActionName, { user }: Seen): Description {
  const post = { method: 'POST', isDangerous: true } as const
  const ends =
    user.sessions === 0
      ? 'The account has no active session.'
      : `Ends ${plural(user.sessions, 'session')} of this account.`
  switch (name) {
    case 'endSessions':
      return {
        ...post,
        path: '/sessions/end',
        title: 'End all sessions',
        button: 'End all sessions',
        effects: [ends, endedEffect, <StreamsEffect key="streams" />, 'The user can log in again at once.'],
      }
    case 'disable':
      return {
        ...post,
        path: '/disable',
        title: 'Disable this account',
        button: 'Disable',
        effects: [
          ends,
          'Clients get 403 account-disabled on their next request.',
          <StreamsEffect key="streams" />,
          'No log-in until the account is enabled.',
        ],
      }
    case 'enable':
      return {
        ...post,
        isDangerous: false,
        path: '/enable',
        title: 'Enable this account',
        button: 'Enable',
        effects: ['The user can log in again.', 'Access tokens from before stay refused, with 401 session-ended.'],
      }
    case 'forceChange':
      return {
        ...post,
        path: '/password/force-change',
        title: 'Require a new password',
        button: 'Require a new password',
        effects: [ends, endedEffect, 'At the next log-in the user must choose a new password.'],
      }
    case 'resetCode':
      return {
        ...post,
        path: '/password/reset-code',
        title: 'Issue a reset code',
        button: 'Issue the code',
        effects: [
          'Replaces the password by a code that is shown once.',
          ends,
          'The user logs in with the code and chooses a new password. Tell the code only to its user.',
        ],
      }
    case 'remove':
      return {
        ...post,
        method: 'DELETE',
        path: '',
        title: 'Delete this account',
        button: 'Delete the account',
        effects: [
          ends,
          'Clients get 403 account-disabled on their next request.',
          'Erases the e-mail address and all personal data. This cannot be undone.',
        ],
      }
  }
}

/** @param onDone reads the account again */
export function userAction(name: UserActionName, first: Seen, onDone: () => void): Action {
  const { method, path, ...texts } = describe(name, first)
  // After a conflict the admin has seen the newer version.
  let seen = first
  const url = `admin/users/${first.user.id}`
  const endsOwnSession = first.isOwn && name !== 'enable'
  return {
    ...texts,
    effects: [...texts.effects, ...(endsOwnSession ? ['This is your own account: you will be logged out.'] : [])],
    endsOwnSession,
    ...(first.isOwn ? { confirmation: 'myself' } : name === 'remove' ? { confirmation: first.user.email } : {}),
    send: async ({ reason }) => {
      const body = { reason, ...(first.isOwn ? { confirm: 'myself' } : {}) }
      const request = { method, body, headers: { ...soon, 'if-match': seen.etag ?? '' } }
      if (name !== 'resetCode') return receiptOf(await call<Receipt>(url + path, request))
      const { data } = await call<ResetCodeIssued>(url + path, request)
      const hint = `It is shown once, and expires in ${duration(data.expiresInSeconds * 1000)}.`
      return { receipt: data.revocation, secret: { label: 'Reset code', value: data.code, hint } }
    },
    onDone,
    onConflict: async () => {
      const before = seen.user
      const { data, etag } = await call<UserDetail>(url)
      seen = { ...seen, user: data.user, etag }
      onDone()
      return <Difference before={before} after={data.user} />
    },
  }
}
