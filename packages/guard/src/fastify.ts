/** The Fastify plugin: it guards every route of the scope in which it is registered. */
import { ProblemError } from '@gatehouse/contract'
import { type Caller, type Guard, parseRouteRule, type RouteRule, type Rule } from '@gatehouse/guard-core'
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { createGuard, type GuardOptions } from './createGuard.ts'
import { routeConfigs } from './routeConfig.ts'

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

/** The caller that the guard has admitted. A hook of the service can replace `request.caller`. */
const admitted = Symbol('gatehouse.admitted')
type AdmittedRequest = FastifyRequest & { [admitted]: Caller | null }

/**
 * The plugin. It guards every route of its scope, also routes registered before it. A route
 * requires more with `config: { guard: { scope, roles, maxAge, onUnknown } }`; a rule that is not valid
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

async function guardScope(app: FastifyInstance, options: GuardPluginOptions): Promise<void> {
  const instance = 'guard' in options ? options.guard : createGuard({ log: app.log, ...options })
  const rules = new WeakMap<object, Rule>()
  const configs = routeConfigs()

  app.decorate('guard', instance)
  // Fastify needs the initial value null for one shape of all requests. The hook sets it before a
  // handler runs.
  app.decorateRequest('caller', null as unknown as Caller)
  app.decorateRequest(admitted as unknown as string, null)
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
    let caller: Caller | Promise<Caller>
    try {
      caller = instance.check(request.raw, ruleOfRoute(request))
    } catch (error) {
      refuse(error, reply, done)
      return
    }
    if (caller instanceof Promise) {
      admitLater(caller, { request, reply, done })
      return
    }
    admit(request, caller)
    done()
  }

  /**
   * The body can take seconds to arrive, and hooks of the service can wait: the decision at the
   * headers may be outdated.
   */
  function preHandler(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const caller = (request as AdmittedRequest)[admitted]
    try {
      if (caller !== null) instance.recheck(caller, ruleOfRoute(request))
    } catch (error) {
      refuse(error, reply, done)
      return
    }
    done()
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
}

interface Waiting {
  request: FastifyRequest
  reply: FastifyReply
  done: HookHandlerDoneFunction
}

/** Apart from `onRequest`, since a closure there would be allocated for every request. */
function admitLater(pending: Promise<Caller>, { request, reply, done }: Waiting): void {
  pending.then(
    caller => {
      admit(request, caller)
      done()
    },
    error => refuse(error, reply, done),
  )
}

/**
 * The application's own error handler may send no headers of an error: a 401 needs its challenge
 * all the same.
 */
function refuse(error: unknown, reply: FastifyReply, done: HookHandlerDoneFunction): void {
  if (error instanceof ProblemError) reply.headers(error.headers)
  done(error as Error)
}

function admit(request: FastifyRequest, caller: Caller): void {
  request.caller = caller
  ;(request as AdmittedRequest)[admitted] = caller
}
