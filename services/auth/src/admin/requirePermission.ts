/**
 * Enforces the table of permissions on every admin route: a route without a row prevents the start.
 */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { describePermission, isPermitted, type Permission, permissions } from './permissions.ts'
import type { Rights } from './policies.ts'
import { loginAgeRule } from './recentLogin.ts'

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
    route.config = { ...route.config, permission, ...loginAgeRule(permission, recentLoginSeconds) }
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

function permissionOf({ method, url }: RouteOptions): Permission {
  const [name = ''] = [method].flat()
  const permission = permissions[`${name === 'HEAD' ? 'GET' : name} ${url}`]
  if (permission === undefined) throw new Error(`admin/permissions.ts has no row for ${name} ${url}`)
  return permission
}
