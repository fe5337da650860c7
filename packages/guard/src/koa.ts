/** The guard for Koa. */
import type { IncomingMessage } from 'node:http'
import { ProblemError } from '@gatehouse/contract'
import { type Caller, type Guard, parseRouteRule, type RouteRule } from '@gatehouse/guard-core'
import { type AdapterOptions, createCallers, refusalOf } from './refusal.ts'

export { type Caller, createGuard, type Guard, type GuardOptions, type RouteRule } from '@gatehouse/guard-core'
export type { AdapterOptions } from './refusal.ts'
export { ProblemError }

/** The part of Koa's context that the guard uses. */
export interface KoaContext {
  req: IncomingMessage
  status: number
  body: unknown
  set(headers: Record<string, string>): void
}

/** Koa middleware. */
export type KoaMiddleware<Context> = (context: Context, next: () => Promise<unknown>) => unknown

/** The guard as Koa middleware. */
export interface KoaGuard {
  /**
   * Creates middleware that guards what follows it, and answers a ProblemError that a handler throws.
   * @param rule what the route requires beyond a valid token
   * @param readBody middleware that reads the body. The guard decides before it and after it, since
   *   a body can arrive long after its headers.
   * @throws TypeError when the rule is not valid
   */
  protect<Context extends KoaContext>(rule?: RouteRule, ...readBody: KoaMiddleware<Context>[]): KoaMiddleware<Context>
  /** The caller of a guarded request. @throws TypeError when the route is not guarded */
  callerOf(context: KoaContext): Caller
}

/**
 * @param guard a started guard
 * @param options how problem details name this service
 * @example
 * const { protect, callerOf } = koaGuard(guard, { problemBase, realm: 'warehouse' })
 * router.post('/orders', protect({ scope: ['orders:write'] }, bodyParser()), context => {
 *   context.body = { orderedBy: callerOf(context).id }
 * })
 */
export function koaGuard(guard: Guard, options: AdapterOptions): KoaGuard {
  const callers = createCallers()
  return {
    callerOf: ({ req }) => callers.of(req),
    protect(routeRule, ...readBody) {
      const rule = parseRouteRule(routeRule, 'protect')
      return async (context, next) => {
        try {
          const caller = await guard.check(context.req, rule)
          callers.set(context.req, caller)
          const handle = async () => {
            if (readBody.length > 0) guard.recheck(caller, rule)
            await next()
          }
          await readBody.reduceRight<() => Promise<unknown>>((rest, read) => async () => read(context, rest), handle)()
        } catch (error) {
          const { status, headers, body } = refusalOf(error, options)
          context.status = status
          context.set(headers)
          context.body = body
        }
      }
    },
  }
}
