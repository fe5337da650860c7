/** `POST /device/lookup` and `/device/decision`: a user approves or denies a device that waits with a code (RFC 8628). */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { DeviceDecision, DeviceLookup, type ProblemCode, ProblemError, WaitingDevice } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'
import type { Db, PrismaClient } from '../database/database.ts'
import { actorContextOf, auditContextOf } from '../http/actorContext.ts'
import { accessTokenCodes, problemResponses } from '../http/problemResponses.ts'
import { normalizeUserCode } from '../oauth/userCode.ts'
import { withReservedAttempt } from '../rateLimits/reservedAttempt.ts'
import type { SharedCounter } from '../rateLimits/sharedCounter.ts'
import { confirmActor } from '../revoke/confirmActor.ts'
import { readAccount } from '../store/accounts.ts'
import { type DecidedDevice, decideDevice, findWaitingDevice } from '../store/deviceAuthorizations.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { commandLine } from '../tokens/firstParty.ts'

export interface DeviceRoutes {
  db: PrismaClient
  /** Wrong user codes of one account. */
  deviceGuesses: SharedCounter
}

export const deviceRoutes: FastifyPluginAsyncTypebox<DeviceRoutes> = async (app, { db, deviceGuesses }) => {
  const common = { tags: ['me'], security: [{ bearer: [] }] }
  const guarded = problemResponses(...accessTokenCodes, 'not-found')

  const lookup = {
    ...common,
    summary: 'Show the device that waits with this code',
    body: DeviceLookup,
    response: { 200: WaitingDevice, ...guarded },
  }
  app.post('/device/lookup', { schema: lookup }, async request => {
    const { roles: heldRoles, scopes: held } = request.caller
    const device = await limitGuesses(request, async () => {
      await actorContextOf(request).readActor(db)
      return findWaitingDevice(db, normalizeUserCode(request.body.userCode))
    })
    const { clientId: client, scope, audience, address, expiresAt } = device
    const isLogin = client === commandLine
    const roles = isLogin && scope === null && (await hasAllRights(db, request)) ? [...heldRoles] : []
    const scopes = scope === null ? [...held] : scope.split(' ').filter(wanted => held.includes(wanted))
    return { client, isLogin, roles, scopes, audience, address, expiresAt: expiresAt.toISOString() }
  })

  const decision = {
    ...common,
    summary: 'Approve or deny the device that waits with this code',
    description:
      'An approved device gets a session of its own, which is in the list of sessions. A log-in needs the password after the device began.',
    body: DeviceDecision,
    response: {
      204: {},
      ...problemResponses(...accessTokenCodes, 'not-found', 'reauthentication-required'),
    },
  }
  app.post('/device/decision', { schema: decision }, async (request, reply) => {
    const { approve, userCode } = request.body
    await limitGuesses(request, () => decide(request, { approve, userCode: normalizeUserCode(userCode) }))
    return reply.code(204).send()
  })

  /**
   * The decision and its audit entry commit only while the session of the user is active. It gives the device no right that
   * the user's token lacks.
   */
  async function decide(request: FastifyRequest, { approve, userCode }: { approve: boolean; userCode: string }) {
    const context = actorContextOf(request)
    const { actor, sid, readActor } = context
    const authTime = request.caller.claims.auth_time
    return db.$transaction(async tx => {
      const { scopes } = await readActor(tx)
      const decision = approve ? 'approved' : 'denied'
      const clientWithAllRights = (await hasAllRights(tx, request)) ? commandLine : null
      const session = { accountId: actor, sessionId: sid, authTime, scopes: [...scopes], clientWithAllRights }
      const decided = await decideDevice(tx, { userCode, decision, ...session })
      if (decided === undefined) return undefined
      if (approve) assertConfirmed(decided, authTime)
      const { clientId: client } = decided
      const action = approve ? 'device.approve' : 'device.deny'
      await writeAudit(tx, context, { action, target: actor, detail: { client, session: sid } })
      await confirmActor(tx, { readActor, use: 'read' })
      return client
    })
  }

  async function limitGuesses<Found>(request: FastifyRequest, find: () => Promise<Found | undefined>): Promise<Found> {
    const context = auditContextOf(request)
    const { actor } = context
    const onLimitReached = () =>
      writeAudit(db, context, { action: 'device.approve', target: actor, outcome: 'rate-limited' })
    const limit = { counter: deviceGuesses, key: actor, policy: 'device-code', windowSeconds: 60 }
    return withReservedAttempt({ ...limit, isCounted, onLimitReached }, async () => {
      const found = await find()
      if (found === undefined) throw new ProblemError('not-found', 'no device waits with this code')
      return found
    })
  }
}

/** Whether the token has every right of the account. A later change of the rights makes the token expire. */
async function hasAllRights(tx: Db, { caller }: FastifyRequest): Promise<boolean> {
  const account = await readAccount(tx, caller.id)
  const { roles, scopes } = caller
  return account !== undefined && isSubset(account.roles, roles) && isSubset(account.scopes, scopes)
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  return part.every(item => whole.includes(item))
}

function isCounted(code: ProblemCode): boolean {
  return code === 'not-found'
}

/**
 * A log-in is approved only by a user who has proved the password since the device began, so that an open page and a
 * click are not enough (RFC 8628 section 5.4).
 * @param authTime when the user last proved it, in whole seconds since 1970
 * @throws ProblemError `reauthentication-required`
 */
function assertConfirmed({ clientId, createdAt, ageSeconds }: DecidedDevice, authTime: number): void {
  if (clientId !== commandLine || authTime >= Math.floor(createdAt)) return
  const maxAgeSeconds = Math.floor(ageSeconds)
  throw new ProblemError('reauthentication-required', 'the log-in is older than the device code', { maxAgeSeconds })
}
