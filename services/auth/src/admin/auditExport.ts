/** Exports the audit log as lines of JSON, page by page, so that memory is bounded by one page. */
import type { Db } from '../database/database.ts'
import type { ReadActor } from '../http/actorContext.ts'
import { type AuditFilter, readAuditOnwards } from '../store/readAudit.ts'
import { auditView } from './auditView.ts'

const pageSize = 1000

export interface AuditExport {
  filter: AuditFilter
  readActor: ReadActor
}

/**
 * Reads the next page when the client has taken the last one, and the actor before each page: an
 * export may take hours, and ends when its actor is revoked.
 * @throws ProblemError the codes of `ReadActor`
 */
export async function* auditLines(db: Db, { filter, readActor }: AuditExport): AsyncGenerator<string> {
  let after = 0n
  for (;;) {
    await readActor(db)
    const rows = await readAuditOnwards(db, filter, { after, limit: pageSize })
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows.map(row => `${JSON.stringify(auditView(row))}\n`).join('')
    after = last.id
  }
}
