/** Holds every admin route to the table of needs: a route without a row does not start. */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { describePermission, isPermitted, type Permission, permissions } from './permissions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    needs?: Permission
  }
}

/** Called on the admin scope before its routes are registered, and after the hook that says who calls. */
export function requirePermission(app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    const asked = needsOf(route)
    route.config = { ...route.config, needs: asked }
    const { description, ...schema } = (route.schema ?? {}) as { description?: string }
    route.schema = {
      ...schema,
      security: [{ bearer: asked.scope === null ? [] : [asked.scope] }],
      description: [description, describePermission(asked)].filter(Boolean).join(' '),
      'x-roles': asked.roles,
    } as object
  })
  app.addHook('onRequest', async (request: FastifyRequest) => {
    const asked = request.routeOptions.config.needs
    // A path that matches no route has none, and is answered by 404 to those who are somebody.
    if (asked === undefined || isPermitted(request.caller, asked)) return
    const scope = asked.scope === null ? asked.roles.map(role => `role:${role}`) : [asked.scope]
    throw new ProblemError('insufficient-scope', `neither role nor scope for ${request.routeOptions.url}`, { scope })
  })
}

function needsOf({ method, url }: RouteOptions): Permission {
  const [name = ''] = [method].flat()
  const asked = permissions[`${name === 'HEAD' ? 'GET' : name} ${url}`]
  if (asked === undefined) throw new Error(`admin/needs.ts has no row for ${name} ${url}`)
  return asked
}
