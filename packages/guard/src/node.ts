/** The guard for node:http, Express and other frameworks with connect-style middleware. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ProblemError } from '@gatehouse/contract'
import { type Caller, type Guard, parseRouteRule, type RouteRule } from '@gatehouse/guard-core'
import { type AdapterOptions, createCallers, refusalOf } from './refusal.ts'

export { type Caller, createGuard, type Guard, type GuardOptions, type RouteRule } from '@gatehouse/guard-core'
export type { AdapterOptions } from './refusal.ts'
export { ProblemError }

/** Connect-style middleware. */
export type NodeMiddleware<Request, Response> = (
  request: Request,
  response: Response,
  next: (error?: unknown) => void,
) => void

/** The guard as middleware. */
export interface NodeGuard {
  /**
   * Creates middleware that guards what follows it.
   * @param rule what the route requires beyond a valid token
   * @param readBody middleware that reads the body. The guard decides before it and after it, since
   *   a body can arrive long after its headers.
   * @throws TypeError when the rule is not valid
   */
  protect<Request extends IncomingMessage, Response extends ServerResponse>(
    rule?: RouteRule,
    ...readBody: NodeMiddleware<Request, Response>[]
  ): NodeMiddleware<Request, Response>
  /** The caller of a guarded request. @throws TypeError when the route is not guarded */
  callerOf(request: IncomingMessage): Caller
  /** Error middleware: answers a ProblemError that a handler throws, and passes other errors on. */
  handleError(error: unknown, request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void
}

/**
 * @param guard a started guard
 * @param options how problem details name this service
 * @example
 * const { protect, callerOf, handleError } = nodeGuard(guard, { problemBase, realm: 'warehouse' })
 * app.post('/orders', protect({ scope: ['orders:write'] }, express.json()), (request, response) => {
 *   response.json({ orderedBy: callerOf(request).id })
 * })
 * app.use(handleError)
 */
export function nodeGuard(guard: Guard, options: AdapterOptions): NodeGuard {
  const callers = createCallers()

  const handleError: NodeGuard['handleError'] = (error, _request, response, next) => {
    if (!(error instanceof ProblemError) || response.headersSent) return next(error)
    const { status, headers, body } = refusalOf(error, options)
    response.writeHead(status, headers).end(body)
  }

  const protect: NodeGuard['protect'] = (routeRule, ...readBody) => {
    const rule = parseRouteRule(routeRule, 'protect')
    return (request, response, next) => {
      const refuse = (error: unknown) => handleError(error, request, response, next)
      const proceed = (caller: Caller) => {
        callers.set(request, caller)
        if (readBody.length === 0) return next()
        inOrder(readBody, [request, response], error => {
          if (error) return next(error)
          attempt(() => guard.recheck(caller, rule), { done: () => next(), refuse })
        })
      }
      const done = (caller: Caller | Promise<Caller>) =>
        caller instanceof Promise ? void caller.then(proceed, refuse) : proceed(caller)
      attempt(() => guard.check(request, rule), { done, refuse })
    }
  }

  return { protect, handleError, callerOf: callers.of }
}

/** Calls `done` outside of the `try`, so that an error of the handler is not taken for a refusal. */
function attempt<Result>(
  run: () => Result,
  { done, refuse }: { done: (result: Result) => void; refuse: (error: unknown) => void },
): void {
  let result: Result
  try {
    result = run()
  } catch (error) {
    refuse(error)
    return
  }
  done(result)
}

function inOrder<Request, Response>(
  [first, ...rest]: NodeMiddleware<Request, Response>[],
  exchange: [Request, Response],
  next: (error?: unknown) => void,
): void {
  if (first === undefined) next()
  else first(...exchange, error => (error ? next(error) : inOrder(rest, exchange, next)))
}
