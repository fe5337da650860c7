/** `/admin/clients`: create, list, rotate the secret, delete. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ClientId,
  ClientList,
  ClientRotated,
  type ClientView,
  ClientWithSecret,
  NewClient,
  ProblemError,
  Reason,
  ReceiptRef,
  SecretRotation,
} from '@gatehouse/contract'
import { Type } from 'typebox'
import { auditContextOf } from '../http/auditContext.ts'
import { sha256 } from '../keys/hmac.ts'
import { sessionEntry } from '../revoke/revoke.ts'
import { sendReceipt } from '../revoke/sendRevocation.ts'
import {
  type ClientRow,
  deleteClient,
  listClients,
  lockClient,
  renewClientSession,
  replaceSecret,
} from '../store/manageClients.ts'
import { createServiceClient } from '../store/serviceClients.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { assertClientId, newClientSecret } from './clientCredentials.ts'
import { type AdminDeps, adminProblemResponses } from './deps.ts'
import { assertClientGrantAllowed } from './policies.ts'

const tags = ['admin: clients']
const params = Type.Object({ id: ClientId })
const noSuchClient = () => new ProblemError('not-found', 'no such client')

const creation = {
  tags,
  summary: 'Create a service client; its secret is shown once',
  body: NewClient,
  response: { 201: ClientWithSecret, ...adminProblemResponses('conflict') },
}

const rotation = {
  tags,
  summary: 'A new secret; without an overlap the old one and its tokens are refused when the call returns',
  params,
  body: SecretRotation,
  response: { 200: ClientRotated, 202: ClientRotated, ...adminProblemResponses('not-found') },
}

const deletion = {
  tags,
  summary: 'Delete a service client: its tokens and its guards are refused when the call returns',
  params,
  body: Reason,
  response: { 200: ReceiptRef, 202: ReceiptRef, ...adminProblemResponses('not-found') },
}

export const clientRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, { db, revocations, barrierDeps }) => {
  app.post('/clients', { schema: creation }, async (request, reply) => {
    const { id, name = id, scopes } = request.body
    assertClientId(id)
    assertClientGrantAllowed(request.caller, scopes)
    const secret = newClientSecret()
    await db.$transaction(async tx => {
      const isNew = await createServiceClient(tx, { id, name, secretHash: sha256(secret), scopes })
      if (!isNew) throw new ProblemError('conflict', 'the id is taken')
      await writeAudit(tx, {
        ...auditContextOf(request),
        action: 'client.create',
        target: id,
        outcome: 'done',
        detail: { scopes },
      })
    })
    const [row] = await listClients(db, id)
    if (row === undefined) throw new ProblemError('conflict', 'created, and deleted by somebody else since')
    reply.code(201).header('cache-control', 'no-store').header('location', '/admin/clients')
    return { client: clientView(row), secret }
  })

  const list = { tags, summary: 'All service clients', response: { 200: ClientList, ...adminProblemResponses() } }
  app.get('/clients', { schema: list }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { clients: (await listClients(db)).map(clientView) }
  })

  app.post('/clients/:id/rotate', { schema: rotation }, async (request, reply) => {
    const { id } = request.params
    const { overlapSeconds = 3600, reason = null } = request.body
    const secret = newClientSecret()
    const act = auditContextOf(request, reason)
    const revoked = await revocations.revokeWith(async tx => {
      const client = await lockClient(tx, id)
      if (client === undefined) throw noSuchClient()
      assertClientGrantAllowed(request.caller, client.scopes)
      await replaceSecret(tx, { id, secretHash: sha256(secret), overlapSeconds })
      if (overlapSeconds > 0) {
        const detail = { overlapSeconds }
        await writeAudit(tx, { ...act, action: 'client.rotate', target: id, outcome: 'done', detail })
        return undefined
      }
      await renewClientSession(tx, id)
      return { entries: [sessionEntry(client.sessionId)], action: 'client.rotate', target: id, sessionsEnded: 0 }
    }, act)
    const revocation = revoked ? await sendReceipt(request, reply, { revoked, barrierDeps }) : null
    const [row] = await listClients(db, id)
    if (row === undefined) throw noSuchClient()
    reply.header('cache-control', 'no-store')
    return { client: clientView(row), secret, revocation }
  })

  app.delete('/clients/:id', { schema: deletion }, async (request, reply) => {
    const { id } = request.params
    const revoked = await revocations.revokeWith(
      async tx => {
        const client = await lockClient(tx, id)
        if (client === undefined) return undefined
        assertClientGrantAllowed(request.caller, client.scopes)
        await deleteClient(tx, id)
        return { entries: [sessionEntry(client.sessionId)], action: 'client.delete', target: id, sessionsEnded: 0 }
      },
      auditContextOf(request, request.body.reason ?? null),
    )
    if (revoked === undefined) throw noSuchClient()
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })
}

function clientView(row: ClientRow): ClientView {
  return {
    ...row,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    previousSecretEndsAt: row.previousSecretEndsAt?.toISOString() ?? null,
  }
}
