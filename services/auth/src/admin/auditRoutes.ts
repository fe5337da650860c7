/** `/admin/audit`: who did what to whom, from where. */
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuditExportQuery, type AuditFilter as AuditFilterQuery, AuditPage, AuditQuery } from '@gatehouse/contract'
import { auditContextOf } from '../http/auditContext.ts'
import { type AuditFilter, readAuditPage } from '../store/readAudit.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { auditLines } from './auditExport.ts'
import { auditView } from './auditView.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { type AdminDeps, adminProblemResponses } from './deps.ts'

const tags = ['admin: audit']

export const auditRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, { db }) => {
  const list = {
    tags,
    summary: 'The audit log, newest first',
    querystring: AuditQuery,
    response: { 200: AuditPage, ...adminProblemResponses() },
  }
  app.get('/audit', { schema: list }, async (request, reply) => {
    const { limit = '50', cursor, ...filter } = request.query
    const before = readCursor(cursor, ([id]) => (Number.isSafeInteger(id) ? BigInt(id as number) : undefined))
    const rows = await readAuditPage(db, filterOf(filter), { before, limit: Number(limit) + 1 })
    const page = rows.slice(0, Number(limit))
    const last = rows.length > page.length ? page.at(-1) : undefined
    reply.header('cache-control', 'no-store')
    return { entries: page.map(auditView), nextCursor: last ? writeCursor([Number(last.id)]) : null }
  })

  const lines = {
    description: 'One entry a line, as in the list, oldest first.',
    content: { 'application/x-ndjson': { schema: { type: 'string' } } },
  }
  const exporting = {
    tags,
    summary: 'The audit log as lines of JSON, streamed',
    querystring: AuditExportQuery,
    response: { 200: lines, ...adminProblemResponses() },
  }
  app.get('/audit/export', { schema: exporting }, async (request, reply) => {
    await writeAudit(db, {
      ...auditContextOf(request),
      action: 'audit.export',
      target: null,
      outcome: 'done',
      detail: { ...request.query },
    })
    reply.header('cache-control', 'no-store').type('application/x-ndjson')
    return reply.send(Readable.from(auditLines(db, filterOf(request.query)), { objectMode: false }))
  })
}

function filterOf(query: AuditFilterQuery): AuditFilter {
  const { actor = null, target = null, action = null, outcome = null, address = null, from, until } = query
  return { actor, target, action, outcome, address, from: dateOf(from), until: dateOf(until) }
}

function dateOf(text: string | undefined): Date | null {
  return text === undefined ? null : new Date(text)
}
