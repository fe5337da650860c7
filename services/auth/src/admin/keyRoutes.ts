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
} from '@gatehouse/contract'
import { Type } from 'typebox'
import { waitPreference } from '../http/preferWait.ts'
import { sendReceipt } from '../revoke/sendWhenInForce.ts'
import { readLiveGuards } from '../store/guards.ts'
import { listSigningKeys } from '../store/signingKeys.ts'
import { activateKey, announceNewKey, withdrawKey } from './changeKeys.ts'
import { type AdminDeps, adminContextOf, adminRoute, receipts } from './deps.ts'
import { keyView } from './serialize.ts'

const list = adminRoute('keys', {
  summary: 'List the keys, and which live guard holds each',
  response: { 200: KeyList },
})
const announcement = adminRoute('keys', {
  summary: 'Create a key and announce it to the guards',
  description:
    'The key signs nothing yet. The private key stays encrypted in the database, so this needs KEY_ENCRYPTION_KEYS.',
  body: NewKeyRequest,
  response: { 201: KeyAnnounced, 202: KeyAnnounced },
  problems: ['conflict'],
})
const change = { params: Type.Object({ kid: KeyId }), body: Reason, problems: ['not-found', 'conflict'] as const }
const activation = adminRoute('keys', {
  summary: 'Sign new tokens with this key',
  description: 'Waits until every live guard holds the key. The key that signed before still verifies.',
  ...change,
  response: { 200: KeyActivated },
})
const withdrawal = adminRoute('keys', {
  summary: 'Refuse every token that this key signed',
  description: 'Refused everywhere when the response says `inForce`. Activate another key before.',
  ...change,
  response: receipts,
})

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

  app.get('/admin/keys', list, async () => ({ keys: await readKeys() }))

  app.post('/admin/keys', announcement, async (request, reply) => {
    const announced = await announceNewKey(keyChanges, request.body.algorithm, adminContextOf(request))
    const receipt = await sendReceipt(request, reply, { revoked: announced, barrierDeps })
    if (receipt.inForce) reply.code(201).header('location', '/admin/keys')
    return { key: await readKey(announced.subject ?? ''), announcement: receipt }
  })

  app.post('/admin/keys/:kid/activate', activation, async (request, reply) => {
    const { kid } = request.params
    const waitMs = waitPreference(request, reply, barrierDeps.maxWaitMs)
    await activateKey(keyChanges, { kid, waitMs }, adminContextOf(request))
    return { key: await readKey(kid) }
  })

  app.post('/admin/keys/:kid/withdraw', withdrawal, async (request, reply) => {
    const revoked = await withdrawKey(keyChanges, request.params.kid, adminContextOf(request))
    return sendReceipt(request, reply, { revoked, barrierDeps })
  })
}
