/** `/admin/audit`: list and export the audit log. */
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  AuditExportQuery,
  type AuditFilter as AuditFilterQuery,
  AuditPage,
  AuditQuery,
  ProblemError,
} from '@gatehouse/contract'
import { parseAddress } from '@gatehouse/http'
import { auditContextOf } from '../http/auditContext.ts'
import { findIdByEmail } from '../store/accounts.ts'
import { type AuditFilter, readAuditPage } from '../store/readAudit.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { auditLines } from './auditExport.ts'
import { auditView } from './auditView.ts'
import { readAuditCursor, writeCursor } from './cursor.ts'
import { type AdminDeps, adminContextOf, adminProblemResponses } from './deps.ts'
import { parseTimestamp } from './timestamps.ts'

const tags = ['admin: audit']

const list = {
  tags,
  summary: 'List audit entries, newest first',
  querystring: AuditQuery,
  response: { 200: AuditPage, ...adminProblemResponses() },
}

const exportLines = {
  tags,
  summary: 'Export audit entries as lines of JSON',
  querystring: AuditExportQuery,
  response: {
    200: {
      description: 'One entry a line, in the form of the list, oldest first.',
      content: { 'application/x-ndjson': { schema: { type: 'string' } } },
    },
    ...adminProblemResponses(),
  },
}

export const auditRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, { db }) => {
  app.get('/audit', { schema: list }, async (request, reply) => {
    const { limit = '50', cursor, ...query } = request.query
    const rows = await readAuditPage(db, await filterOf(db, query), {
      before: readAuditCursor(cursor),
      limit: Number(limit) + 1,
    })
    const page = rows.slice(0, Number(limit))
    const last = rows.length > page.length ? page.at(-1) : undefined
    reply.header('cache-control', 'no-store')
    return { entries: page.map(auditView), nextCursor: last ? writeCursor([Number(last.id)]) : null }
  })

  app.get('/audit/export', { schema: exportLines }, async (request, reply) => {
    const filter = await filterOf(db, request.query)
    const detail = { ...request.query }
    await writeAudit(db, { ...auditContextOf(request), action: 'audit.export', target: null, outcome: 'done', detail })
    reply.header('cache-control', 'no-store').type('application/x-ndjson')
    const { readActor } = adminContextOf(request)
    return reply.send(Readable.from(auditLines(db, { filter, readActor }), { objectMode: false }))
  })
}

function plainAddress(text: string): string {
  const address = parseAddress(text)
  if (address !== undefined) return address
  const fields = [{ field: 'query/address', reason: 'must be an address' }]
  throw new ProblemError('request-malformed', 'the filter is not an address', { fields })
}

/** An id, or the e-mail address of an account. An address of no account matches no entry. */
async function idOf(db: AdminDeps['db'], text: string | undefined): Promise<string | null> {
  if (text === undefined) return null
  return (text.includes('@') ? await findIdByEmail(db, text) : undefined) ?? text
}

async function filterOf(db: AdminDeps['db'], query: AuditFilterQuery): Promise<AuditFilter> {
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
