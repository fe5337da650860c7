/** The Fastify plugin: every route of the scope in which it is registered is guarded. */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { createGuard, type Guard } from './guard.ts'
import type { GuardOptions } from './options.ts'
import { routeConfigs } from './routeConfig.ts'
import { parseRouteRule, type RouteRule } from './routeRule.ts'
import { singleAuthorization } from './verify/authorization.ts'
import type { Rule } from './verify/authorize.ts'
import type { Caller } from './verify/claims.ts'
import type { VerifiedToken } from './verify/tokenCache.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls. On guarded routes only: outside the scope of a guard there is nobody. */
    caller: Caller
  }
  interface FastifyInstance {
    guard: Guard
  }
  interface FastifyContextConfig {
    guard?: RouteRule
  }
}

/** Options for a guard of its own, or one made with `createGuard`, for pages outside the scope that show its state. */
export type GuardPluginOptions = GuardOptions | { guard: Guard }

/**
 * Guards the scope: which routes stand in it is seen where it is registered, and no list of addresses says otherwise.
 * A route asks for more with `config: { guard: { scope, roles, onUnknown } }`.
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
  // Fastify wants null here for a class of one shape; the hook fills it in before any handler runs.
  app.decorateRequest('caller', null as unknown as Caller)
  app.addHook('onRoute', route => {
    parseRouteRule(route.config?.guard, `${route.method} ${route.url}`)
  })
  app.addHook('onRequest', onRequest)
  app.addHook('onReady', async () => instance.start())
  app.addHook('preClose', async () => instance.closeStreams())
  app.addHook('onClose', () => instance.stop())

  /** Synchronous for a token that is known: no promise, no closure, nothing made that outlives the call. */
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

  /** @returns false when the key must be fetched first, and `done` is called later */
  function authorizeRequest(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): boolean {
    const authorization = singleAuthorization(request.raw.rawHeaders, request.query)
    const rule = ruleOfRoute(request)
    const known = instance.lookup(authorization, rule)
    if (known !== undefined) {
      request.caller = known.caller
      return true
    }
    const verified = instance.verify(authorization)
    if (verified instanceof Promise) {
      authorizeLater({ request, reply, done }, verified)
      return false
    }
    instance.authorize(verified, rule)
    request.caller = verified.caller
    return true
  }

  /** Apart from the function above, since a closure there would be allocated for every request. */
  function authorizeLater({ request, reply, done }: Pending, pendingToken: Promise<VerifiedToken>): void {
    pendingToken
      .then(verified => {
        instance.authorize(verified, ruleOfRoute(request))
        request.caller = verified.caller
      })
      .then(
        () => done(),
        error => refuse(error, reply, done),
      )
  }

  /** A route that was registered before the guard has its rule read here, at its first request. */
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
      // The application's own error handler may send no headers of an error: a 401 needs its challenge all the same.
      reply.headers(error.headers)
    }
    done(error as Error)
  }
}
