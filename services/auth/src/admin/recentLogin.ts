/** Requires a recent log-in for admin actions of weight (RFC 9470). */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'
import type { Actor } from '../http/actorContext.ts'
import type { Permission } from './permissions.ts'

/** @returns the part of a route's configuration that `assertRecentLogin` reads */
export function loginAgeRule({ needsRecentLogin }: Permission, seconds: number): { maxLoginAgeSeconds?: number } {
  return needsRecentLogin ? { maxLoginAgeSeconds: seconds } : {}
}

/**
 * Is called whenever the actor is read again, so the age is that at the commit.
 * @throws ProblemError `reauthentication-required`
 */
export function assertRecentLogin(request: FastifyRequest, { authAgeSeconds }: Pick<Actor, 'authAgeSeconds'>): void {
  const { maxLoginAgeSeconds } = request.routeOptions.config
  if (maxLoginAgeSeconds === undefined || authAgeSeconds <= maxLoginAgeSeconds) return
  const why = `the log-in is ${Math.floor(authAgeSeconds)} s old`
  throw new ProblemError('reauthentication-required', why, { maxAgeSeconds: maxLoginAgeSeconds })
}
