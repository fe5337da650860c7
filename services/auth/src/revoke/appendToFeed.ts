/**
 * Appends what an action revoked to the feed, with the audit row of the action, as the end of its
 * transaction.
 */
import type { Db } from '../database/database.ts'
import type { ActorContext, OwnChanges } from '../http/actorContext.ts'
import { appendRevocations, type NewRevocation, type RevocationResult } from '../store/appendRevocations.ts'
import type { AuditAction } from '../store/auditActions.ts'
import { readHead } from '../store/readClock.ts'
import { type AuditContext, type AuditRow, auditRow } from '../store/writeAudit.ts'
import { confirmActor } from './confirmActor.ts'

/**
 * A context without `readActor` is that of a refresh token or of client credentials, which the
 * action itself checks.
 */
export type RevocationContext = AuditContext & Partial<Pick<ActorContext, 'readActor' | 'sid'>>

/** What an action revoked. */
export interface RevocationWork {
  entries: NewRevocation[]
  action: AuditAction
  target: string | null
  sessionsEnded: number
  /** Changes that the action made to the account or session of its own actor. */
  ownChanges?: OwnChanges
}

export interface AppendOptions {
  context: RevocationContext
  /** How long entries are kept: the longest token lifetime plus the margin. */
  retentionMs: number
}

/**
 * Confirms the actor, then appends.
 * @throws ProblemError the codes of `ReadActor`
 */
export async function confirmAndAppend(
  tx: Db,
  work: RevocationWork,
  options: AppendOptions,
): Promise<RevocationResult> {
  const { readActor } = options.context
  const use = work.entries.length > 0 ? 'append' : 'read'
  if (readActor) await confirmActor(tx, { readActor, use, ownChanges: work.ownChanges })
  return appendToFeed(tx, work, options)
}

/** Appends on behalf of an actor that has been confirmed, or that needs no confirmation. */
export async function appendToFeed(
  tx: Db,
  { entries, action, target, sessionsEnded }: RevocationWork,
  { context, retentionMs }: AppendOptions,
): Promise<RevocationResult> {
  const last = entries.at(-1)
  const { kind = 'session', effect = 'ended' } = last ?? {}
  const subject = entries.length === 1 ? (last?.subject ?? null) : null
  const result = { kind, subject, effect, sessionsEnded }
  // Another request has ended the sessions; the caller waits until that revocation is in force.
  if (last === undefined) return { ...(await readHead(tx)), ...result }
  const audit = revocationAudit(result, { action, target, context })
  return { ...(await appendRevocations(tx, { entries, retentionMs, audit })), ...result }
}

/** The audit row in which `readReceipt` finds the revocation again. */
export function revocationAudit(
  { kind, subject, effect, sessionsEnded }: Omit<RevocationResult, 'seq' | 'feedId'>,
  { action, target, context }: { action: AuditAction; target: string | null; context: AuditContext },
): AuditRow {
  return auditRow(context, { action, target, detail: { kind, subject, effect, sessionsEnded } })
}

/** The entry that covers the tokens of one session. */
export function sessionEntry(subject: string): NewRevocation {
  return { kind: 'session', subject, epoch: null, effect: 'ended' }
}
