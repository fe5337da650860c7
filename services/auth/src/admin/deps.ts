/** What the admin routes are given. */
import type { ProblemCode } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'
import type { PrismaClient } from '../database/database.ts'
import { problemResponses } from '../http/problemResponses.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { Revocations } from '../revoke/revoke.ts'
import type { BarrierDeps } from '../revoke/sendRevocation.ts'
import type { ActionContext } from './policies.ts'

export interface AdminDeps {
  db: PrismaClient
  passwords: Passwords
  revocations: Revocations
  barrierDeps: BarrierDeps
}

/** What every admin route can refuse, and what this one refuses besides. */
export function adminProblemResponses(...codes: ProblemCode[]): Record<number, object> {
  return problemResponses(
    'token-missing',
    'token-expired',
    'token-invalid',
    'session-ended',
    'account-disabled',
    'insufficient-scope',
    ...codes,
  )
}

/** Who asks for an act, and on what conditions. */
export function actionContextOf(request: FastifyRequest, confirm?: string): ActionContext {
  return { actor: request.caller, ifMatch: request.headers['if-match'], confirm }
}
