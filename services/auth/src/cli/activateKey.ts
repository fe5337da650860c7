/** `gatehouse activate-key`: for the day on which no replica can sign, so that the API cannot be used. */
import type { Database } from '../database/database.ts'
import { lockFeed } from '../store/lockFeed.ts'
import { activateSigningKey, lockSigningKey } from '../store/signingKeys.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { type Options, requireOption, UsageError } from './options.ts'

/** @throws UsageError when the key is unknown or withdrawn */
export async function activateKey(
  { prisma }: Database,
  { id, reason = 'no replica could sign' }: Options,
): Promise<Record<string, unknown>> {
  const kid = requireOption(id, '--id (the kid of the key)')
  return prisma.$transaction(async tx => {
    await lockFeed(tx, 'append')
    const key = await lockSigningKey(tx, kid)
    if (key === undefined || key.state === 'withdrawn')
      throw new UsageError(`--id must name a key that is not withdrawn: start a replica with its SIGNING_KEY first`)
    await activateSigningKey(tx, kid)
    await writeAudit(tx, { actor: 'command line', reason }, { action: 'key.activate', target: kid })
    return { kid, state: 'active' }
  })
}
