/** The Fastify plugin: it guards every route of the scope in which it is registered. */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { createGuard } from './guard.ts'
import type { Guard } from './guardApi.ts'
import type { GuardOptions } from './options.ts'
import { routeConfigs } from './routeConfig.ts'
import { parseRouteRule, type RouteRule } from './routeRule.ts'
import { singleAuthorization } from './verify/authorizationHeader.ts'
import type { Rule } from './verify/authorize.ts'
import type { Caller } from './verify/claims.ts'
import type { VerifiedToken } from './verify/tokenCache.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller, on guarded routes only. */
    caller: Caller
  }
  interface FastifyInstance {
    guard: Guard
  }
  interface FastifyContextConfig {
    guard?: RouteRule
  }
}

/**
 * Options for a new guard, or a guard made with `createGuard`, which routes outside the scope can
 * share.
 */
export type GuardPluginOptions = GuardOptions | { guard: Guard }

/** The request's verified token, kept from `onRequest` to `preHandler`. */
const verifiedToken = Symbol('gatehouse.verifiedToken')
type GuardedRequest = FastifyRequest & { [verifiedToken]: VerifiedToken | null }

/**
 * The plugin. It guards every route of its scope, also routes registered before it. A route
 * requires more with `config: { guard: { scope, roles, onUnknown } }`; a rule that is not valid
 * stops the service at start.
 *
 * The guard decides when the headers have arrived, and again immediately before the handler, when
 * the body has been read.
 * @example
 * await app.register(async inside => {
 *   await inside.register(guard, { issuer, audience: 'gatehouse', clientId: 'warehouse', clientSecret })
 *   inside.get('/restricted', { config: { guard: { scope: ['storage:restricted'] } } }, async () => ({ vault: 'open' }))
 * })
 */
export const guard = fastifyPlugin(guardScope, { name: '@gatehouse/guard', fastify: '5.x' })

interface Pending {
  request: FastifyRequest
  reply: FastifyReply
  done: HookHandlerDoneFunction
}

async function guardScope(app: FastifyInstance, options: GuardPluginOptions): Promise<void> {
  const instance = 'guard' in options ? options.guard : createGuard({ log: app.log, ...options })
  const rules = new WeakMap<object, Rule>()
  const configs = routeConfigs()

  app.decorate('guard', instance)
  // Fastify needs the initial value null for one shape of all requests. The hook sets it before a
  // handler runs.
  app.decorateRequest('caller', null as unknown as Caller)
  app.decorateRequest(verifiedToken as unknown as string, null)
  app.addHook('onRoute', route => {
    parseRouteRule(route.config?.guard, `${route.method} ${route.url}`)
  })
  app.addHook('onRequest', onRequest)
  app.addHook('preHandler', preHandler)
  app.addHook('onReady', async () => instance.start())
  app.addHook('preClose', async () => instance.closeStreams())
  app.addHook('onClose', () => instance.stop())

  /** Synchronous for a known token: it creates no promise and no closure. */
  function onRequest(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    let isDecided: boolean
    try {
      isDecided = authorizeRequest(request, reply, done)
    } catch (error) {
      refuse(error, reply, done)
      return
    }
    if (isDecided) done()
  }

  /**
   * The body can take seconds to arrive, and hooks of the service can wait: the decision at the
   * headers may be outdated.
   */
  function preHandler(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const token = (request as GuardedRequest)[verifiedToken]
    if (token !== null && !instance.isCurrent(token)) {
      try {
        instance.reauthorize(token, ruleOfRoute(request))
      } catch (error) {
        refuse(error, reply, done)
        return
      }
    }
    done()
  }

  /** @returns false when the key must be fetched first; `done` is then called later */
  function authorizeRequest(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): boolean {
    const authorization = singleAuthorization(request.raw.rawHeaders, request.query)
    const rule = ruleOfRoute(request)
    const known = instance.lookup(authorization, rule)
    if (known !== undefined) {
      accept(request, known)
      return true
    }
    const verified = instance.verify(authorization)
    if (verified instanceof Promise) {
      authorizeLater({ request, reply, done }, verified)
      return false
    }
    instance.authorize(verified, rule)
    accept(request, verified)
    return true
  }

  /** Apart from the function above, since a closure there would be allocated for every request. */
  function authorizeLater({ request, reply, done }: Pending, pendingToken: Promise<VerifiedToken>): void {
    pendingToken
      .then(verified => {
        instance.authorize(verified, ruleOfRoute(request))
        accept(request, verified)
      })
      .then(
        () => done(),
        error => refuse(error, reply, done),
      )
  }

  /** The rule of a route that was registered before the guard is parsed at its first request. */
  function ruleOfRoute(request: FastifyRequest): Rule {
    const known = rules.get(configs.of(request))
    if (known !== undefined) return known
    const config = configs.fromPublicApi(request)
    const rule = parseRouteRule(config.guard, `${config.method} ${config.url}`)
    rules.set(config, rule)
    return rule
  }

  function refuse(error: unknown, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    if (error instanceof ProblemError) {
      instance.countRefusal(error)
      // The application's own error handler may send no headers of an error: a 401 needs its
      // challenge all the same.
      reply.headers(error.headers)
    }
    done(error as Error)
  }
}

function accept(request: FastifyRequest, token: VerifiedToken): void {
  request.caller = token.caller
  ;(request as GuardedRequest)[verifiedToken] = token
}
