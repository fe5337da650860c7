/** `gatehouse after-restore`: what must follow a restore of the database from a backup. */
import { readSettings } from '@gatehouse/settings'
import { settings } from '../config.ts'
import type { Database, Db } from '../database/database.ts'
import { announceKeysAgain } from '../keys/announceKey.ts'
import { appendToFeed } from '../revoke/appendToFeed.ts'
import { maxAccessTokenSeconds } from '../settings/tokens.ts'
import { raiseGlobalEpoch } from '../store/appendRevocations.ts'
import { countActive } from '../store/countActive.ts'
import { resetFeed } from '../store/resetFeed.ts'
import type { Environment } from './databaseCommands.ts'
import { type Options, UsageError } from './options.ts'

const confirmation = 'end every session'
/** A million accounts take minutes. */
const transactionLimitMs = 3_600_000

/**
 * A backup lacks what was revoked after it. The command therefore ends every session and refuses
 * every access token that was issued before, and gives the feed a new identity, so that guards do
 * not resume at a cursor of the lost feed. The keys of access tokens are announced and withdrawn again.
 * @throws UsageError without the confirmation
 */
export async function afterRestore(
  { prisma }: Database,
  { reason = 'restored from a backup', ...options }: Options,
  environment: Environment,
): Promise<Record<string, unknown>> {
  assertConfirmed(options)
  const { REVOCATION_MARGIN_MS, LEASE_MS, LEASE_MARGIN_MS } = settings
  const limits = readSettings({ REVOCATION_MARGIN_MS, LEASE_MS, LEASE_MARGIN_MS }, environment)
  // The environment of this command may lack ACCESS_TOKEN_SECONDS, and the database the tokens after the backup.
  const retentionMs = maxAccessTokenSeconds * 1000 + limits.REVOCATION_MARGIN_MS
  const work = async (tx: Db) => {
    const sessions = await countActive(tx)
    const feedId = await resetFeed(tx, limits.LEASE_MS + limits.LEASE_MARGIN_MS)
    const keyContext = { actor: 'command line', reason }
    await announceKeysAgain(tx, keyContext)
    const globalEpoch = await raiseGlobalEpoch(tx)
    const entries = [{ kind: 'global' as const, subject: null, epoch: globalEpoch, effect: 'ended' as const }]
    const revocation = { entries, action: 'database.after-restore' as const, target: null, sessionsEnded: sessions }
    const context = { ...keyContext, detail: { feedId } }
    const { seq, sessionsEnded } = await appendToFeed(tx, revocation, { context, retentionMs })
    return { feedId, seq, sessionsEnded }
  }
  return prisma.$transaction(work, { timeout: transactionLimitMs })
}

/** @throws UsageError without the confirmation */
export function assertConfirmed({ confirm }: Options): void {
  if (confirm !== confirmation) throw new UsageError(`--confirm must be "${confirmation}"`)
}
