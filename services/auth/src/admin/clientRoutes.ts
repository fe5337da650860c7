/** `/admin/clients`: create, list, rotate the secret, register keys, delete. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ClientId,
  ClientKeys,
  ClientList,
  ClientRotated,
  type ClientView,
  ClientWithSecret,
  NewClient,
  ProblemError,
  Reason,
  SecretRotation,
} from '@gatehouse/contract'
import { Type } from 'typebox'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { listClients } from '../store/manageClients.ts'
import { createClient, removeClient, rotateClientSecret, setClientKeys } from './changeClient.ts'
import { type AdminDeps, adminContextOf, adminRoute, receipts } from './deps.ts'
import { clientView } from './serialize.ts'

const params = Type.Object({ id: ClientId })

const creation = adminRoute('clients', {
  summary: 'Create a service client',
  description: 'The response is the only one that contains the secret.',
  body: NewClient,
  response: { 201: ClientWithSecret },
  problems: ['reauthentication-required', 'conflict'],
})
const list = adminRoute('clients', { summary: 'List service clients', response: { 200: ClientList } })
const rotation = adminRoute('clients', {
  summary: 'Replace the secret of a service client',
  description: 'Without an overlap the old secret and its tokens are refused when the response says `inForce`.',
  params,
  body: SecretRotation,
  response: { 200: ClientRotated, 202: ClientRotated },
  problems: ['reauthentication-required', 'not-found'],
})
const keys = adminRoute('clients', {
  summary: 'Register the public keys of a service client, which replace its secret (RFC 7523)',
  description: 'The client then authenticates with `private_key_jwt`. A guard polls with a secret and cannot do so.',
  params,
  body: ClientKeys,
  response: { 200: Type.Object({ client: Type.Unsafe<ClientView>({ $ref: 'ClientView#' }) }) },
  problems: ['reauthentication-required', 'not-found', 'conflict'],
})
const deletion = adminRoute('clients', {
  summary: 'Delete a service client',
  description:
    'Its tokens, its sessions from token exchanges and its guards are refused when the response says `inForce`. So are tokens with `act`.',
  params,
  body: Reason,
  response: receipts,
  problems: ['not-found'],
})

export const clientRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  const { db, barrierDeps } = deps

  const readClient = async (id: string): Promise<ClientView> => {
    const [row] = await listClients(db, id)
    if (row === undefined) throw new ProblemError('not-found', 'no such client')
    return clientView(row)
  }

  app.post('/admin/clients', creation, async (request, reply) => {
    const secret = await createClient(deps, request.body, adminContextOf(request))
    reply.code(201).header('location', '/admin/clients')
    return { client: await readClient(request.body.id), secret }
  })

  app.get('/admin/clients', list, async () => ({ clients: (await listClients(db)).map(clientView) }))

  app.post('/admin/clients/:id/rotate', rotation, async (request, reply) => {
    const { id } = request.params
    const { overlapSeconds = 3600 } = request.body
    const { secret, revoked } = await rotateClientSecret(deps, { id, overlapSeconds }, adminContextOf(request))
    const revocation = revoked ? await sendReceipt(request, reply, { revoked, barrierDeps }) : null
    return { client: await readClient(id), secret, revocation }
  })

  app.put('/admin/clients/:id/keys', keys, async request => {
    const { id } = request.params
    await setClientKeys(deps, { id, ...request.body }, adminContextOf(request))
    return { client: await readClient(id) }
  })

  app.delete('/admin/clients/:id', deletion, async (request, reply) => {
    const revoked = await removeClient(deps, request.params.id, adminContextOf(request))
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })
}
