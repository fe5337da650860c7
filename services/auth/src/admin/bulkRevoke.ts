/** Ends all sessions that match criteria, in batches of bounded transactions. */
import { isIP } from 'node:net'
import { malformed, type SessionCriteria } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { ActorContext } from '../http/actorContext.ts'
import { sessionEntry } from '../revoke/appendToFeed.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import type { AuditAction } from '../store/auditActions.ts'
import { countActive } from '../store/countActive.ts'
import { countMatching, endMatching, type SessionCount } from '../store/matchingSessions.ts'
import { readHead } from '../store/readClock.ts'
import type { SessionFilter } from '../store/sessionFilter.ts'
import { lowestId } from '../store/sweepRecords.ts'
import { writeAudit } from '../store/writeAudit.ts'
import type { AdminDeps } from './deps.ts'
import { assertBulkEndAllowed, isAdmin, type Rights } from './policies.ts'
import { parseTimestamp } from './timestamps.ts'

/**
 * A batch takes some 50 ms and holds the lock of the feed only in its last part. Other revocations
 * run between batches.
 */
const batchSize = 2000

export interface BulkPreviewRequest {
  criteria: SessionCriteria
  actor: Rights & { sid: string }
}

/**
 * Counts the matching sessions.
 * @throws ProblemError `request-malformed`; `insufficient-scope` when only an admin may end so many
 */
export async function previewBulkRevoke(db: Db, { criteria, actor }: BulkPreviewRequest): Promise<SessionCount> {
  const count = await countMatching(db, filterOf(criteria), actor.sid)
  const active = await countActive(db)
  assertBulkEndAllowed(actor, { covered: count.sessions, active, named: criteria.accounts !== undefined })
  return count
}

export interface BulkRequest extends BulkPreviewRequest {
  preview: SessionCount
}

/**
 * What the actor has ended in bulk within the hour counts, so that several requests end no more than one may. They are
 * checked one after the other.
 * @throws ProblemError `insufficient-scope`
 */
async function assertShareLeft(tx: Db, { preview, actor }: BulkRequest, context: ActorContext): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`bulk-end:${context.actor}`}, 0))`
  const [row] = await tx.$queryRaw<{ ended: number }[]>`
    SELECT coalesce(sum((detail->>'sessions')::float8), 0)::float8 AS ended FROM audit_entries
     WHERE actor = ${context.actor} AND action = 'sessions.end-matching' AND detail->>'accounts' IS NULL
       AND at > statement_timestamp() - interval '1 hour'`
  const covered = preview.sessions + (row?.ended ?? 0)
  assertBulkEndAllowed(actor, { covered, active: await countActive(tx), named: false })
}

/**
 * Ends the sessions that were active at the preview. When a batch fails, the earlier batches stay
 * ended, and a repeated request ends the rest.
 * @returns the result of the last batch: when its entry is in force, so are those of all batches
 * @throws ProblemError the codes of `ReadActor`; `insufficient-scope` when only an admin may end so many
 */
export async function bulkRevoke(
  deps: AdminDeps,
  request: BulkRequest,
  context: ActorContext,
): Promise<RevocationResult> {
  const { criteria, preview, actor } = request
  const filter = filterOf(criteria)
  await deps.db.$transaction(async tx => {
    if (!isAdmin(actor) && criteria.accounts === undefined) await assertShareLeft(tx, request, context)
    await writeAudit(tx, context, {
      action: 'sessions.end-matching',
      target: null,
      outcome: 'begun',
      detail: { ...criteria, sessions: preview.sessions },
    })
  })
  // The caller confirmed that its own session may end.
  const bulk = { filter, preview, by: 'sessions.end-matching' as const, ownChanges: { session: false } }
  return endInBatches(deps, bulk, context)
}

export interface BatchedEnd {
  filter: SessionFilter
  /** Sessions that begin after the preview are not ended, so that the batches end. */
  preview: SessionCount
  /** The action of which the ends are a part. */
  by: AuditAction
  /** After the batch that ends the session of the actor, that session is not checked again. */
  ownChanges: { session: boolean }
}

/** @returns the result of the last batch, or the head of the feed when no session matches */
export async function endInBatches(
  { db, revocations }: Pick<AdminDeps, 'db' | 'revocations'>,
  { filter: requested, preview, by, ownChanges }: BatchedEnd,
  context: ActorContext,
): Promise<RevocationResult> {
  const isPast = requested.createdBefore < preview.asOf
  const filter = { ...requested, createdBefore: isPast ? requested.createdBefore : preview.asOf }
  let last: RevocationResult | undefined
  let sessionsEnded = 0
  let after: string | null = lowestId
  while (after !== null) {
    const from: string = after
    let batch: string[] = []
    const revoked = await revocations.revokeWith(
      async tx => {
        const ended = await endMatching(tx, filter, { after: from, limit: batchSize, byIndex: !preview.estimated })
        batch = ended.ids
        after = ended.last
        if (batch.length === 0) return undefined
        ownChanges.session ||= batch.includes(context.sid)
        const entries = batch.map(sessionEntry)
        return { entries, action: 'session.revoked', target: null, sessionsEnded: batch.length, ownChanges }
      },
      { ...context, detail: { by } },
    )
    sessionsEnded += batch.length
    last = revoked ?? last
  }
  const { seq, feedId } = last ?? (await readHead(db))
  return { seq, feedId, kind: 'session', subject: null, effect: 'ended', sessionsEnded }
}

/** @throws ProblemError `request-malformed` */
export function filterOf({ accounts, client, device, network, createdBefore }: SessionCriteria): SessionFilter {
  if (network !== undefined && !isNetwork(network))
    throw malformed('body/criteria/network', 'must be an address or a network, such as 203.0.113.0/24')
  return {
    accounts: accounts ?? null,
    client: client ?? null,
    devicePart: device ?? null,
    network: network ?? null,
    createdBefore: parseTimestamp(createdBefore ?? '9999-12-31T00:00:00Z', 'body/criteria/createdBefore'),
  }
}

function isNetwork(text: string): boolean {
  const [, address = '', length] = /^([0-9a-f.:]+)(?:\/(0|[1-9]\d{0,2}))?$/i.exec(text) ?? []
  const version = isIP(address)
  const maxLength = version === 4 ? 32 : 128
  return version !== 0 && (length === undefined || Number(length) <= maxLength)
}
