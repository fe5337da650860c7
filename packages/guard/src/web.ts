/** The guard for frameworks with web-standard requests: Hono, Next route handlers, Bun, Deno. */
import { ProblemError } from '@gatehouse/contract'
import { type Caller, type Guard, parseRouteRule, type RouteRule } from '@gatehouse/guard-core'
import { type AdapterOptions, createCallers, refusalOf } from './refusal.ts'

export { type Caller, createGuard, type Guard, type GuardOptions, type RouteRule } from '@gatehouse/guard-core'
export type { AdapterOptions } from './refusal.ts'
export { ProblemError }

/** Decides about one request. @returns the response of a refusal; null when the request can pass */
export type Protect = (request: Request, readBody?: () => Promise<unknown>) => Promise<Response | null>

/** The guard for web-standard requests. */
export interface WebGuard {
  /**
   * Creates the decision of one route, once.
   * @param rule what the route requires beyond a valid token
   * @returns a function that takes the request and, for a route with a body, a function that reads
   *   it. The guard decides before it and after it, since a body can arrive long after its headers.
   * @throws TypeError when the rule is not valid
   */
  protect(rule?: RouteRule): Protect
  /** The caller of a guarded request. @throws TypeError when the route is not guarded */
  callerOf(request: Request): Caller
  /** The response for a ProblemError that a handler throws. @throws every other error */
  responseOf(error: unknown): Response
}

/**
 * @param guard a started guard
 * @param options how problem details name this service
 * @example
 * const { protect, callerOf } = webGuard(guard, { problemBase, realm: 'warehouse' })
 * const orders = protect({ scope: ['orders:write'] })
 * export async function POST(request: Request): Promise<Response> {
 *   const refused = await orders(request)
 *   return refused ?? Response.json({ orderedBy: callerOf(request).id })
 * }
 */
export function webGuard(guard: Guard, options: AdapterOptions): WebGuard {
  const callers = createCallers()

  function responseOf(error: unknown): Response {
    const { status, headers, body } = refusalOf(error, options)
    return new Response(body, { status, headers })
  }

  return {
    callerOf: callers.of,
    responseOf,
    protect(routeRule) {
      const rule = parseRouteRule(routeRule, 'protect')
      return async (request, readBody) => {
        try {
          // `Headers` joins a header that was given twice with a comma, which no valid one contains.
          const authorization = request.headers.get('authorization') ?? undefined
          const caller = await guard.check({ method: request.method, url: request.url, authorization }, rule)
          callers.set(request, caller)
          if (readBody === undefined) return null
          await readBody()
          guard.recheck(caller, rule)
          return null
        } catch (error) {
          return responseOf(error)
        }
      }
    },
  }
}
