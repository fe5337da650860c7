/** Converts rows to the responses of the admin routes. */
import type { ClientView, KeyView, SessionDetail, UserView } from '@gatehouse/contract'
import Bowser from 'bowser'
import { type LiveGuard, type LiveGuards, lagOf } from '../store/guards.ts'
import type { AccountRow } from '../store/listAccounts.ts'
import type { SessionRow } from '../store/listSessions.ts'
import type { ClientRow } from '../store/manageClients.ts'
import type { StoredKey } from '../store/signingKeys.ts'

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
  const { id, clientId, device, userAgent, address, createdAt, renewedAt, expiresAt, sharedAt } = row
  return {
    id,
    current: id === callerSid,
    client: clientId,
    device,
    agent: agentInWords(userAgent),
    userAgent,
    address,
    createdAt: createdAt.toISOString(),
    renewedAt: renewedAt?.toISOString() ?? null,
    expiresAt: expiresAt.toISOString(),
    sharedAt: sharedAt?.toISOString() ?? null,
  }
}

export function clientView({ jwks, ...row }: ClientRow): ClientView {
  return {
    ...row,
    keys: jwks === null ? [] : (jwks as { keys: Record<string, unknown>[] }).keys,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    previousSecretEndsAt: row.previousSecretEndsAt?.toISOString() ?? null,
  }
}

/** @param live the guards with a running lease */
export function keyView(key: StoredKey, { live, canSign }: { live: LiveGuards; canSign: boolean }): KeyView {
  const { kid, algorithm, state, sealedPrivateKey, announcedAt, activatedAt, retiredAt, withdrawnAt } = key
  const lastSeq = Number(key.withdrawnSeq ?? key.announcedSeq)
  return {
    kid,
    algorithm,
    state,
    stored: canSign ? (sealedPrivateKey === null ? 'file' : 'database') : 'none',
    announcedAt: announcedAt.toISOString(),
    activatedAt: activatedAt?.toISOString() ?? null,
    retiredAt: retiredAt?.toISOString() ?? null,
    withdrawnAt: withdrawnAt?.toISOString() ?? null,
    guards: live.guards.map(({ id, name, cursor }) => ({ guard: id, name, holds: cursor >= lastSeq })),
  }
}

/** @param live the feed and the database's time, read with the guard's row */
export function guardView(guard: LiveGuard, live: LiveGuards) {
  const { id, name, version, openStreams, cursor, leaseUntilMs, lastSeenAt } = guard
  return {
    guard: id,
    name,
    version,
    openStreams,
    cursor,
    lag: lagOf(guard, live),
    leaseLeftMs: Math.round(leaseUntilMs - live.dbNowMs),
    lastSeenAt: lastSeenAt.toISOString(),
  }
}

/**
 * @returns for example `Firefox 140 on Windows 10`; for a program the first word, such as `curl`
 */
export function agentInWords(userAgent: string | null): string {
  if (userAgent === null || userAgent.trim() === '') return 'unknown'
  const { browser, os } = Bowser.parse(userAgent)
  const program = browser.name || (/^[\w.-]{1,40}/.exec(userAgent)?.[0] ?? 'unknown')
  const name = [program, browser.name ? browser.version?.split('.')[0] : undefined].filter(Boolean).join(' ')
  const system = [os.name, os.versionName ?? os.version?.split('.')[0]].filter(Boolean).join(' ')
  return system === '' ? name : `${name} on ${system}`
}
