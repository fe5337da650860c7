/** The audit log as lines of JSON, page by page, so that an export of any length needs the memory of one page. */
import type { Db } from '../database/database.ts'
import { type AuditFilter, readAuditOnwards } from '../store/readAudit.ts'
import { auditView } from './auditView.ts'

const pageSize = 1000

/** The next page is read when the last was taken: the reader sets the pace. */
export async function* auditLines(db: Db, filter: AuditFilter): AsyncGenerator<string> {
  let after = 0n
  for (;;) {
    const rows = await readAuditOnwards(db, filter, { after, limit: pageSize })
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows.map(row => `${JSON.stringify(auditView(row))}\n`).join('')
    after = last.id
  }
}
