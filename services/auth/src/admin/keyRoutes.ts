/** `/admin/keys`: list, announce, activate and withdraw the keys that sign access tokens. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  KeyActivated,
  KeyAnnounced,
  KeyId,
  KeyList,
  type KeyView,
  NewKeyRequest,
  ProblemError,
  Reason,
  ReceiptRef,
} from '@gatehouse/contract'
import { Type } from 'typebox'
import { waitPreference } from '../http/preferWait.ts'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { readLiveGuards } from '../store/guards.ts'
import { listSigningKeys } from '../store/signingKeys.ts'
import { activateKey, announceNewKey, withdrawKey } from './changeKeys.ts'
import { type AdminDeps, adminContextOf, adminProblemResponses } from './deps.ts'
import { keyView } from './serialize.ts'

const tags = ['admin: keys']
const params = Type.Object({ kid: KeyId })
const changeProblems = adminProblemResponses('not-found', 'conflict')

const list = {
  tags,
  summary: 'List the keys, and which live guard holds each',
  response: { 200: KeyList, ...adminProblemResponses() },
}

const announcement = {
  tags,
  summary: 'Create a key and announce it to the guards',
  description:
    'The key signs nothing yet. The private key stays encrypted in the database, so this needs KEY_ENCRYPTION_KEYS.',
  body: NewKeyRequest,
  response: { 201: KeyAnnounced, 202: KeyAnnounced, ...adminProblemResponses('conflict') },
}

const activation = {
  tags,
  summary: 'Sign new tokens with this key',
  description: 'Waits until every live guard holds the key. The key that signed before still verifies.',
  params,
  body: Reason,
  response: { 200: KeyActivated, ...changeProblems },
}

const withdrawal = {
  tags,
  summary: 'Refuse every token that this key signed',
  description: 'Refused everywhere when the response says `inForce`. Activate another key before.',
  params,
  body: Reason,
  response: { 200: ReceiptRef, 202: ReceiptRef, ...changeProblems },
}

export const keyRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, { db, keyChanges, barrierDeps }) => {
  const readKeys = async (): Promise<KeyView[]> => {
    const [keys, live] = [await listSigningKeys(db), await readLiveGuards(db)]
    return keys.map(key => keyView(key, { live, canSign: keyChanges.keyStore.canSign(key) }))
  }
  const readKey = async (kid: string): Promise<KeyView> => {
    const key = (await readKeys()).find(view => view.kid === kid)
    if (key === undefined) throw new ProblemError('not-found', 'no such key')
    return key
  }

  app.get('/keys', { schema: list }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { keys: await readKeys() }
  })

  app.post('/keys', { schema: announcement }, async (request, reply) => {
    const { algorithm, reason = null } = request.body
    const announced = await announceNewKey(keyChanges, algorithm, adminContextOf(request, reason))
    const receipt = await sendReceipt(request, reply, { revoked: announced, barrierDeps })
    if (receipt.inForce) reply.code(201).header('location', '/admin/keys')
    return { key: await readKey(announced.subject ?? ''), announcement: receipt }
  })

  app.post('/keys/:kid/activate', { schema: activation }, async (request, reply) => {
    const { kid } = request.params
    const waitMs = waitPreference(request, reply, barrierDeps.maxWaitMs)
    await activateKey(keyChanges, { kid, waitMs }, adminContextOf(request, request.body.reason ?? null))
    reply.header('cache-control', 'no-store')
    return { key: await readKey(kid) }
  })

  app.post('/keys/:kid/withdraw', { schema: withdrawal }, async (request, reply) => {
    const context = adminContextOf(request, request.body.reason ?? null)
    const revoked = await withdrawKey(keyChanges, request.params.kid, context)
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })
}
