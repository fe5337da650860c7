/**
 * What all admin routes share: their dependencies, their problem responses, and the context of an
 * action.
 */
import type { ProblemCode } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'
import type { PrismaClient } from '../database/database.ts'
import { type ActorContext, actorContextOf } from '../http/actorContext.ts'
import { accessTokenCodes, problemResponses } from '../http/problemResponses.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { Revocations } from '../revoke/revoke.ts'
import type { BarrierDeps } from '../revoke/sendWhenInForce.ts'
import type { AssertTokenFits } from '../tokens/tokenSizeLimit.ts'
import type { KeyChangeDeps } from './changeKeys.ts'
import { assertRecentLogin } from './recentLogin.ts'
import { assertPermitted } from './requirePermission.ts'

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

/** @param codes the problems of one route, besides those of all admin routes */
export function adminProblemResponses(...codes: ProblemCode[]): Record<number, object> {
  return problemResponses(...accessTokenCodes, ...codes)
}

/**
 * The context of an admin's action: whenever its actor is read again, the route's permission is
 * checked again too, and so is the age of the log-in.
 */
export function adminContextOf(request: FastifyRequest, reason: string | null = null): ActorContext {
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
