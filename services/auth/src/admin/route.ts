/** The admin's acts of revocation: disable, enable, sign out everywhere, end a session, everyone; and what is in force. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { EveryoneRequest, Id, Reason, Receipt, Refusal } from '@gatehouse/contract'
import { Type } from 'typebox'
import { refusals } from '../http/responses.ts'
import { answerAdmin, type Waiting } from '../revoke/answer.ts'
import type { Revocations } from '../revoke/revoke.ts'
import { actOf } from '../revoke/route.ts'
import type { Db } from '../store/database.ts'
import { readLiveGuards } from '../store/guards.ts'
import { ownerOf } from '../store/listSessions.ts'
import { readRevocation } from '../store/readRevocation.ts'

export interface AdminRoutes {
  db: Db
  revocations: Revocations
  waiting: Waiting
}

export const adminRoutes: FastifyPluginAsyncTypebox<AdminRoutes> = async (app, { db, revocations, waiting }) => {
  const common = { tags: ['admin'], security: [{ bearer: [] }] }
  const guarded = refusals(
    'token-missing',
    'token-expired',
    'token-invalid',
    'session-ended',
    'account-disabled',
    'insufficient-scope',
    'not-found',
  )
  const answers = { 200: Receipt, 202: Receipt, ...guarded }
  const params = Type.Object({ id: Id })
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method !== 'GET') request.body ??= {}
    done()
  })

  const acts = [
    {
      path: '/users/:id/disable',
      change: 'disable',
      summary: 'Disable an account: 403 from now on, wherever it comes',
    },
    {
      path: '/users/:id/enable',
      change: 'enable',
      summary: 'Enable an account: it may log in again; its older tokens stay refused',
    },
    { path: '/users/:id/sessions/end', change: 'end-all', summary: 'Sign out everywhere' },
  ] as const
  for (const { path, change, summary } of acts) {
    app.post(
      path,
      { schema: { ...common, summary, params, body: Reason, response: answers } },
      async (request, reply) => {
        const act = actOf(request, request.body.reason ?? null)
        const revoked = await revocations.changeAccount(change, request.params.id, act)
        if (revoked === undefined) throw new Refusal('not-found', 'no such account')
        return answerAdmin(request, reply, { revoked, waiting })
      },
    )
  }

  const endOne = { ...common, summary: 'End one session', params, body: Reason, response: answers }
  app.post('/sessions/:id/end', { schema: endOne }, async (request, reply) => {
    const { id: sessionId } = request.params
    if ((await ownerOf(db, sessionId)) === undefined) throw new Refusal('not-found', 'no such session')
    const revoked = await revocations.endSessions(
      { kind: 'one', sessionId },
      'revoked',
      actOf(request, request.body.reason ?? null),
    )
    return answerAdmin(request, reply, { revoked, waiting })
  })

  const everyone = {
    ...common,
    summary: 'Break the glass: end every session there is',
    body: EveryoneRequest,
    response: answers,
  }
  app.post('/everyone/end', { schema: everyone }, async (request, reply) => {
    const revoked = await revocations.everyone(actOf(request, request.body.reason ?? null))
    return answerAdmin(request, reply, { revoked, waiting })
  })

  const again = {
    ...common,
    summary: 'Is it in force by now?',
    params: Type.Object({ seq: Type.String({ pattern: '^[0-9]{1,15}$' }) }),
    response: answers,
  }
  app.get('/revocations/:seq', { schema: again }, async (request, reply) => {
    const seq = Number(request.params.seq)
    const revocation = await readRevocation(db, seq)
    if (revocation === undefined)
      throw new Refusal('not-found', 'no such revocation, or every token it covered has expired')
    return answerAdmin(request, reply, { revoked: revocation, waiting })
  })

  const guards = { ...common, summary: 'The live guards', response: guarded }
  app.get('/guards', { schema: guards }, async (_request, reply) => {
    const { guards: live, head, dbNowMs } = await readLiveGuards(db)
    reply.header('cache-control', 'no-store')
    return {
      head,
      guards: live.map(({ id, name, version, cursor, leaseUntilMs, lastSeenAt }) => ({
        guard: id,
        name,
        version,
        cursor,
        lag: head - cursor,
        leaseLeftMs: Math.round(leaseUntilMs - dbNowMs),
        lastSeenAt: lastSeenAt.toISOString(),
      })),
    }
  })
}
