/** Rows as admins are shown them. */
import type { SessionDetail, UserView } from '@gatehouse/contract'
import Bowser from 'bowser'
import type { AccountRow } from '../store/listAccounts.ts'
import type { SessionRow } from '../store/listSessions.ts'

export function userView(row: AccountRow): UserView {
  const { id, email, roles, scopes, mustChangePassword, version, sessions } = row
  return {
    id,
    email,
    roles,
    scopes,
    state: row.disabledAt === null ? 'active' : 'disabled',
    mustChangePassword,
    createdAt: row.createdAt.toISOString(),
    disabledAt: row.disabledAt?.toISOString() ?? null,
    passwordChangedAt: row.passwordChangedAt.toISOString(),
    lastSeenAt: row.lastSeenAt?.toISOString() ?? null,
    sessions,
    version,
  }
}

export function sessionDetail(row: SessionRow, callerSid: string): SessionDetail {
  const { id, device, userAgent, address, createdAt, renewedAt, expiresAt } = row
  return {
    id,
    current: id === callerSid,
    device,
    agent: agentInWords(userAgent),
    userAgent,
    address,
    createdAt: createdAt.toISOString(),
    renewedAt: renewedAt?.toISOString() ?? null,
    expiresAt: expiresAt.toISOString(),
  }
}

/** `Firefox 140 on Windows 10`; of a program its own first word, as `curl`. */
export function agentInWords(userAgent: string | null): string {
  if (userAgent === null || userAgent.trim() === '') return 'unknown'
  const { browser, os } = Bowser.parse(userAgent)
  const program = browser.name || (/^[\w.-]{1,40}/.exec(userAgent)?.[0] ?? 'unknown')
  const name = [program, browser.name ? browser.version?.split('.')[0] : undefined].filter(Boolean).join(' ')
  const system = [os.name, os.versionName ?? os.version?.split('.')[0]].filter(Boolean).join(' ')
  return system === '' ? name : `${name} on ${system}`
}
