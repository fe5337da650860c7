/** Ends sessions by criteria, however many: a few thousand a transaction, so that nobody waits long for a lock. */
import { isIP } from 'node:net'
import { ProblemError, type SessionCriteria } from '@gatehouse/contract'
import type { Db } from '../database/database.ts'
import type { AuditContext } from '../http/auditContext.ts'
import { sessionEntry } from '../revoke/revoke.ts'
import type { RevocationResult } from '../store/appendRevocations.ts'
import { countMatching, endMatching, type SessionCount, type SessionFilter } from '../store/endMatching.ts'
import { readHead } from '../store/readFeed.ts'
import { writeAudit } from '../store/writeAudit.ts'
import type { AdminDeps } from './deps.ts'

/** Some 50 ms each: the clock's lock is held for the last part of it, and other revocations get their turn between. */
const batchSize = 2000

export async function previewBulkRevoke(db: Db, criteria: SessionCriteria, callerSid: string): Promise<SessionCount> {
  return countMatching(db, checked(criteria), callerSid)
}

export interface BulkRequest {
  criteria: SessionCriteria
  /** The database's time of the preview: only sessions from before are ended, so that the call comes to an end. */
  asOf: Date
}

/**
 * Covers the sessions that stood when it was asked. Should it fail in the middle, what was ended stays ended, and calling it
 * again ends the rest.
 * @returns what the last batch returned, so that its being in force is the whole call's
 */
export async function bulkRevoke(
  { db, revocations }: AdminDeps,
  { criteria: asked, asOf }: BulkRequest,
  act: AuditContext,
): Promise<RevocationResult> {
  const given = checked(asked)
  const criteria = { ...given, createdBefore: given.createdBefore < asOf ? given.createdBefore : asOf }
  await writeAudit(db, { ...act, action: 'sessions.bulk-end', target: null, outcome: 'begun', detail: { ...asked } })
  let last: RevocationResult | undefined
  let sessionsEnded = 0
  let after: string | null = null
  do {
    const from: string | null = after
    let batch: string[] = []
    const revoked = await revocations.revokeWith(
      async tx => {
        batch = await endMatching(tx, criteria, { after: from, limit: batchSize })
        if (batch.length === 0) return undefined
        return {
          entries: batch.map(sessionEntry),
          action: 'session.revoked',
          target: null,
          sessionsEnded: batch.length,
        }
      },
      { ...act, detail: { by: 'sessions.bulk-end' } },
    )
    sessionsEnded += batch.length
    last = revoked ?? last
    after = batch.at(-1) ?? null
  } while (after !== null)
  const seq = last?.seq ?? (await readHead(db))
  return { seq, kind: 'session', subject: null, effect: 'ended', sessionsEnded }
}

/** @throws Refusal `request-malformed` for a network that is none */
function checked({ accounts, client, device, network, createdBefore }: SessionCriteria): SessionFilter {
  if (network !== undefined && !isNetwork(network)) {
    const field = { field: 'body/criteria/network', reason: 'must be an address or a network, as 203.0.113.0/24' }
    throw new ProblemError('request-malformed', 'a bad network', { fields: [field] })
  }
  return {
    accounts: accounts ?? null,
    client: client ?? null,
    devicePart: device ?? null,
    network: network ?? null,
    createdBefore: new Date(createdBefore ?? '9999-12-31T00:00:00Z'),
  }
}

export function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/')
  const version = isIP(address)
  const most = version === 4 ? 32 : 128
  return version !== 0 && rest.length === 0 && (length === undefined || Number(length) <= most)
}
