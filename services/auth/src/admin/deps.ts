/** What all admin routes share: their dependencies, the form of a route, and the context of an action. */
import { Id, type ProblemCode, ReceiptRef } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { PrismaClient } from '../database/database.ts'
import { type ActorContext, actorContextOf } from '../http/actorContext.ts'
import { accessTokenCodes, problemResponses } from '../http/problemResponses.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { Revocations } from '../revoke/revoke.ts'
import type { BarrierDeps } from '../revoke/sendWhenInForce.ts'
import type { AssertTokenFits } from '../tokens/tokenSizeLimit.ts'
import type { KeyChangeDeps } from './changeKeys.ts'
import { assertPermitted, assertRecentLogin } from './requirePermission.ts'

export interface AdminDeps {
  db: PrismaClient
  passwords: Passwords
  revocations: Revocations
  barrierDeps: BarrierDeps
  assertTokenFits: AssertTokenFits
  /** Ids that no service client may have. */
  publicClients: readonly string[]
  /** The configured audiences. */
  audiences: readonly string[]
  /** How long a reset code can be used. */
  resetCodeSeconds: number
  /** Forgets the wrong passwords that were counted against an account. */
  forgetFailures: (email: string) => Promise<void>
  keyChanges: KeyChangeDeps
  leaseMs: number
}

export const IdParams = Type.Object({ id: Id })

/** The responses of a route that revokes: in force, or not yet. */
export const receipts = { 200: ReceiptRef, 202: ReceiptRef }

interface RouteDescription {
  summary: string
  response: Record<number, object>
  /** Besides those of all admin routes. */
  problems?: readonly ProblemCode[]
}

/** @returns the options of a route, with the problems that every admin route can answer */
export function adminRoute<Route extends RouteDescription>(tag: string, { problems = [], ...route }: Route) {
  const response = { ...route.response, ...problemResponses(...accessTokenCodes, ...problems) }
  return { schema: { ...route, tags: [`admin: ${tag}`], response: response as Route['response'] } }
}

/**
 * The context of an admin's action, with the reason in the body: whenever its actor is read again, the route's
 * permission is checked again too, and so is the age of the log-in.
 */
export function adminContextOf(request: FastifyRequest): ActorContext {
  const { reason = null } = (request.body ?? {}) as { reason?: string }
  const context = actorContextOf(request, reason)
  return {
    ...context,
    readActor: async (from, ownChanges) => {
      const actor = await context.readActor(from, ownChanges)
      assertRecentLogin(request, actor)
      // An action that changes its own actor was permitted before the change.
      if (!ownChanges?.account) assertPermitted(request, actor)
      return actor
    },
  }
}
