/** Converts rows to the responses of the admin routes. */
import type { AuditView, ClientView, KeyView, RevocationView, UserView } from '@gatehouse/contract'
import { type LiveGuard, type LiveGuards, lagOf } from '../store/guards.ts'
import type { AccountRow } from '../store/listAccounts.ts'
import { type RevocationRow, revocationDetail } from '../store/listRevocations.ts'
import type { ClientRow } from '../store/manageClients.ts'
import type { AuditEntryRow } from '../store/readAudit.ts'
import type { StoredKey } from '../store/signingKeys.ts'

/** The row with its times as text. */
type Serialized<Row> = {
  [Name in keyof Row]: Row[Name] extends Date ? string : Row[Name] extends Date | null ? string | null : Row[Name]
}

function withIsoTimes<Row extends object>(row: Row): Serialized<Row> {
  const members = Object.entries(row).map(([name, value]) => [
    name,
    value instanceof Date ? value.toISOString() : value,
  ])
  return Object.fromEntries(members) as Serialized<Row>
}

export function userView(row: AccountRow): UserView {
  return { ...withIsoTimes(row), state: row.disabledAt === null ? 'active' : 'disabled' }
}

export function clientView({ jwks, ...row }: ClientRow): ClientView {
  const keys = jwks === null ? [] : (jwks as { keys: Record<string, unknown>[] }).keys
  return { ...withIsoTimes(row), keys }
}

/** The form in which an audit entry is listed and exported. */
export function auditView({ id, seq, ...row }: AuditEntryRow): AuditView {
  return { ...withIsoTimes(row), id: Number(id), seq: seq === null ? null : Number(seq) }
}

/** The form in which a revocation is listed. */
export function revocationView({ detail, receipt, ...row }: RevocationRow): RevocationView {
  return {
    ...withIsoTimes(row),
    ...revocationDetail(detail),
    inForce: receipt !== undefined,
    waitedMs: receipt?.waitedMs ?? null,
    guards: receipt?.guards.length ?? null,
    slowest: slowestOf(receipt?.guards ?? [], row.at),
  }
}

type Guards = NonNullable<RevocationRow['receipt']>['guards']

/** @returns the guard that acknowledged last, or whose lease ended last; null without guards */
function slowestOf(guards: Guards, at: Date): RevocationView['slowest'] {
  const delays = guards.flatMap(({ name, acknowledgedAt, leaseEndedAt }) => {
    const time = acknowledgedAt ?? leaseEndedAt
    return time === null ? [] : [{ name, afterMs: Math.max(0, Date.parse(time) - at.getTime()) }]
  })
  return delays.reduce<RevocationView['slowest']>(
    (slowest, delay) => (slowest === null || delay.afterMs > slowest.afterMs ? delay : slowest),
    null,
  )
}

/** @param live the guards with a running lease */
export function keyView(key: StoredKey, { live, canSign }: { live: LiveGuards; canSign: boolean }): KeyView {
  const { kid, algorithm, state, sealedPrivateKey, announcedAt, activatedAt, retiredAt, withdrawnAt } = key
  const lastSeq = Number(key.withdrawnSeq ?? key.announcedSeq)
  return {
    kid,
    algorithm,
    state,
    ...withIsoTimes({ announcedAt, activatedAt, retiredAt, withdrawnAt }),
    stored: canSign ? (sealedPrivateKey === null ? 'file' : 'database') : 'none',
    guards: live.guards.map(({ id, name, cursor }) => ({ guard: id, name, holds: cursor >= lastSeq })),
  }
}

/** @param live the feed and the database's time, read with the guard's row */
export function guardView(guard: LiveGuard, live: LiveGuards) {
  const { id, name, version, openStreams, cursor, leaseUntilMs, lastSeenMs } = guard
  return {
    guard: id,
    name,
    version,
    openStreams,
    cursor,
    lag: lagOf(guard, live),
    leaseLeftMs: Math.round(leaseUntilMs - live.dbNowMs),
    lastSeenAt: new Date(lastSeenMs).toISOString(),
  }
}
