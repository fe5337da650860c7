/** `/admin/clients`: create, list, rotate the secret, delete. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ClientId,
  ClientKeys,
  ClientList,
  ClientRotated,
  type ClientView,
  ClientWithSecret,
  conflict,
  NewClient,
  ProblemError,
  Reason,
  ReceiptRef,
  SecretRotation,
} from '@gatehouse/contract'
import { Type } from 'typebox'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { listClients } from '../store/manageClients.ts'
import { createClient, removeClient, rotateClientSecret } from './changeClient.ts'
import { type AdminDeps, adminContextOf, adminProblemResponses } from './deps.ts'
import { clientView } from './serialize.ts'
import { setClientKeys } from './setClientKeys.ts'

const tags = ['admin: clients']
const params = Type.Object({ id: ClientId })
const noSuchClient = () => new ProblemError('not-found', 'no such client')

const creation = {
  tags,
  summary: 'Create a service client',
  description: 'The response is the only one that contains the secret.',
  body: NewClient,
  response: { 201: ClientWithSecret, ...adminProblemResponses('reauthentication-required', 'conflict') },
}

const list = { tags, summary: 'List service clients', response: { 200: ClientList, ...adminProblemResponses() } }

const rotation = {
  tags,
  summary: 'Replace the secret of a service client',
  description: 'Without an overlap the old secret and its tokens are refused when the response says `inForce`.',
  params,
  body: SecretRotation,
  response: {
    200: ClientRotated,
    202: ClientRotated,
    ...adminProblemResponses('reauthentication-required', 'not-found'),
  },
}

const keys = {
  tags,
  summary: 'Register the public keys of a service client, which replace its secret (RFC 7523)',
  description: 'The client then authenticates with `private_key_jwt`. A guard polls with a secret and cannot do so.',
  params,
  body: ClientKeys,
  response: {
    200: Type.Object({ client: Type.Unsafe<ClientView>({ $ref: 'ClientView#' }) }),
    ...adminProblemResponses('reauthentication-required', 'not-found', 'conflict'),
  },
}

const deletion = {
  tags,
  summary: 'Delete a service client',
  description: 'Its tokens and its guards are refused when the response says `inForce`.',
  params,
  body: Reason,
  response: { 200: ReceiptRef, 202: ReceiptRef, ...adminProblemResponses('not-found') },
}

export const clientRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, barrierDeps } = deps

  app.post('/clients', { schema: creation }, async (request, reply) => {
    const { id } = request.body
    const secret = await createClient(deps, request.body, adminContextOf(request))
    const [row] = await listClients(db, id)
    if (row === undefined) throw conflict('the client has been deleted since')
    reply.code(201).header('cache-control', 'no-store').header('location', '/admin/clients')
    return { client: clientView(row), secret }
  })

  app.get('/clients', { schema: list }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { clients: (await listClients(db)).map(clientView) }
  })

  app.post('/clients/:id/rotate', { schema: rotation }, async (request, reply) => {
    const { id } = request.params
    const { overlapSeconds = 3600, reason = null } = request.body
    const { secret, revoked } = await rotateClientSecret(deps, { id, overlapSeconds }, adminContextOf(request, reason))
    const revocation = revoked ? await sendReceipt(request, reply, { revoked, barrierDeps }) : null
    const [row] = await listClients(db, id)
    if (row === undefined) throw noSuchClient()
    reply.header('cache-control', 'no-store')
    return { client: clientView(row), secret, revocation }
  })

  app.put('/clients/:id/keys', { schema: keys }, async (request, reply) => {
    const { id } = request.params
    const { reason = null, ...keys } = request.body
    await setClientKeys(deps, { id, ...keys }, adminContextOf(request, reason))
    const [row] = await listClients(db, id)
    if (row === undefined) throw noSuchClient()
    reply.header('cache-control', 'no-store')
    return { client: clientView(row) }
  })

  app.delete('/clients/:id', { schema: deletion }, async (request, reply) => {
    const revoked = await removeClient(deps, request.params.id, adminContextOf(request, request.body.reason ?? null))
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })
}
