/** `/admin/audit`: list and export the audit log. */
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  AuditExportQuery,
  type AuditFilter as AuditFilterQuery,
  AuditPage,
  AuditQuery,
  malformed,
} from '@gatehouse/contract'
import { parseAddress } from '@gatehouse/http'
import type { Db } from '../database/database.ts'
import type { ReadActor } from '../http/actorContext.ts'
import { findIdByEmail } from '../store/accounts.ts'
import { type AuditFilter, readAuditOnwards, readAuditPage } from '../store/readAudit.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { pageOf, readAuditCursor } from './cursor.ts'
import { type AdminDeps, adminContextOf, adminRoute } from './deps.ts'
import { auditView } from './serialize.ts'
import { parseTimestamp } from './timestamps.ts'

/** Bounds the memory of an export. */
const exportPageSize = 1000

const list = adminRoute('audit', {
  summary: 'List audit entries, newest first',
  querystring: AuditQuery,
  response: { 200: AuditPage },
})
const exportLines = adminRoute('audit', {
  summary: 'Export audit entries as lines of JSON',
  querystring: AuditExportQuery,
  response: {
    200: {
      description: 'One entry a line, in the form of the list, oldest first.',
      content: { 'application/x-ndjson': { schema: { type: 'string' } } },
    },
  },
})

export const auditRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, { db }) => {
  app.get('/admin/audit', list, async request => {
    const { limit = '50', cursor, ...query } = request.query
    const range = { before: readAuditCursor(cursor), limit: Number(limit) + 1 }
    const rows = await readAuditPage(db, await filterOf(db, query), range)
    const { page, nextCursor } = pageOf(rows, Number(limit), ({ id }) => [Number(id)])
    return { entries: page.map(auditView), nextCursor }
  })

  app.get('/admin/audit/export', exportLines, async (request, reply) => {
    const filter = await filterOf(db, request.query)
    const context = adminContextOf(request)
    await writeAudit(db, context, { action: 'audit.export', target: null, detail: { ...request.query } })
    reply.type('application/x-ndjson')
    return reply.send(Readable.from(auditLines(db, { filter, ...context }), { objectMode: false }))
  })
}

interface AuditExport {
  filter: AuditFilter
  readActor: ReadActor
}

/**
 * Reads the next page when the client has taken the last one, and the actor before each page: an
 * export may take hours, and ends when its actor is revoked.
 * @throws ProblemError the codes of `ReadActor`
 */
async function* auditLines(db: Db, { filter, readActor }: AuditExport): AsyncGenerator<string> {
  let after = 0n
  for (;;) {
    await readActor(db)
    const rows = await readAuditOnwards(db, filter, { after, limit: exportPageSize })
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows.map(row => `${JSON.stringify(auditView(row))}\n`).join('')
    after = last.id
  }
}

function plainAddress(text: string): string {
  const address = parseAddress(text)
  if (address !== undefined) return address
  throw malformed('query/address', 'must be an address')
}

/** An id, or the e-mail address of an account. An address of no account matches no entry. */
async function idOf(db: Db, text: string | undefined): Promise<string | null> {
  if (text === undefined) return null
  return (text.includes('@') ? await findIdByEmail(db, text) : undefined) ?? text
}

async function filterOf(db: Db, query: AuditFilterQuery): Promise<AuditFilter> {
  const { action = null, outcome = null, address = null, seq } = query
  const from = query.from === undefined ? null : parseTimestamp(query.from, 'query/from')
  const until = query.until === undefined ? null : parseTimestamp(query.until, 'query/until')
  return {
    actor: await idOf(db, query.actor),
    target: await idOf(db, query.target),
    action,
    outcome,
    address: address === null ? null : plainAddress(address),
    seq: seq === undefined ? null : Number(seq),
    from,
    until,
  }
}
