/**
 * Enforces the table of permissions on every admin route: a route without a row prevents the start.
 */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { Actor } from '../http/actorContext.ts'
import { describePermission, isPermitted, type Permission, permissions } from './permissions.ts'
import type { Rights } from './policies.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    permission?: Permission
    /** How old the log-in of a user may be, in seconds. */
    maxLoginAgeSeconds?: number
  }
}

/**
 * Is called on the admin scope before its routes are registered, and after the hook that
 * authenticates.
 * @param recentLoginSeconds how old the log-in may be on routes that need a recent one
 */
export function requirePermission(app: FastifyInstance, recentLoginSeconds: number): void {
  app.addHook('onRoute', route => {
    const permission = permissionOf(route)
    const loginAge = permission.needsRecentLogin ? { maxLoginAgeSeconds: recentLoginSeconds } : {}
    route.config = { ...route.config, permission, ...loginAge }
    const { description, ...schema } = (route.schema ?? {}) as { description?: string }
    route.schema = {
      ...schema,
      security: [{ bearer: permission.scope === null ? [] : [permission.scope] }],
      description: [description, describePermission(permission)].filter(Boolean).join(' '),
      'x-roles': permission.roles,
    } as object
  })
  app.addHook('onRequest', async (request: FastifyRequest) => assertPermitted(request, request.caller))
}

/** @throws ProblemError `insufficient-scope` */
export function assertPermitted(request: FastifyRequest, rights: Rights): void {
  const { config, url } = request.routeOptions
  const { permission } = config
  // A path that matches no route has no permission; it is answered by 404.
  if (permission === undefined || isPermitted(rights, permission)) return
  const scope = permission.scope === null ? permission.roles.map(role => `role:${role}`) : [permission.scope]
  throw new ProblemError('insufficient-scope', `neither role nor scope for ${url}`, { scope })
}

/**
 * Requires a recent log-in for sensitive admin actions (RFC 9470). Is called whenever the actor is read again, so the age is
 * that at the commit.
 * @throws ProblemError `reauthentication-required`
 */
export function assertRecentLogin(request: FastifyRequest, { authAgeSeconds }: Pick<Actor, 'authAgeSeconds'>): void {
  const { maxLoginAgeSeconds } = request.routeOptions.config
  if (maxLoginAgeSeconds === undefined || authAgeSeconds <= maxLoginAgeSeconds) return
  const why = `the log-in is ${Math.floor(authAgeSeconds)} s old`
  throw new ProblemError('reauthentication-required', why, { maxAgeSeconds: maxLoginAgeSeconds })
}

function permissionOf({ method, url }: RouteOptions): Permission {
  const [name = ''] = [method].flat()
  const permission = permissions[`${name === 'HEAD' ? 'GET' : name} ${url}`]
  if (permission === undefined) throw new Error(`admin/permissions.ts has no row for ${name} ${url}`)
  return permission
}
