/** The guard for NestJS, on Express and on Fastify. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ProblemError } from '@gatehouse/contract'
import { type Caller, type Guard, parseRouteRule, type RouteRule, type Rule } from '@gatehouse/guard-core'
import { type ArgumentsHost, type CanActivate, Catch, type ExceptionFilter, SetMetadata } from '@nestjs/common'
import { type AdapterOptions, createCallers, refusalOf } from './refusal.ts'

export { type Caller, createGuard, type Guard, type GuardOptions, type RouteRule } from '@gatehouse/guard-core'
export type { AdapterOptions } from './refusal.ts'
export { ProblemError }

/** The guard for `@UseGuards` or `useGlobalGuards`. */
export interface NestGuard extends CanActivate {
  /** For `useGlobalFilters`: answers a ProblemError with problem details. */
  filter: ExceptionFilter
  /** The caller of a guarded request. @throws TypeError when the route is not guarded */
  callerOf(request: object): Caller
}

/** The part of Fastify's reply that is used; each function returns the reply. */
interface FastifyReply {
  status(status: number): FastifyReply
  headers(headers: Record<string, string>): FastifyReply
  serializer(serialize: (body: unknown) => string): FastifyReply
  send(body: string): void
}

const metadataKey = 'gatehouse:rule'

/**
 * Decorates a controller or a method with its rule; the rule of a method replaces that of its class.
 * @throws TypeError when the rule is not valid
 */
export function RequireRule(rule: RouteRule): MethodDecorator & ClassDecorator {
  return SetMetadata(metadataKey, parseRouteRule(rule, '@RequireRule'))
}

/**
 * NestJS reads the body before guards run, so the decision comes after it.
 * @param guard a started guard
 * @param options how problem details name this service
 * @example
 * const gatehouse = nestGuard(guard, { problemBase, realm: 'warehouse' })
 * app.useGlobalGuards(gatehouse)
 * app.useGlobalFilters(gatehouse.filter)
 */
export function nestGuard(guard: Guard, options: AdapterOptions): NestGuard {
  const callers = createCallers()
  const anyToken = parseRouteRule(undefined, 'nestGuard')

  class ProblemFilter implements ExceptionFilter {
    catch(error: unknown, host: ArgumentsHost): void {
      const response = host.switchToHttp().getResponse<ServerResponse | FastifyReply>()
      const { status, headers, body } = refusalOf(error, options)
      if ('writeHead' in response) response.writeHead(status, headers).end(body)
      // With a serializer of its own, the reply adds no charset to the content type.
      else response.status(status).headers(headers).serializer(String).send(body)
    }
  }
  Catch(ProblemError)(ProblemFilter)

  return {
    filter: new ProblemFilter(),
    callerOf: callers.of,
    async canActivate(context) {
      if (context.getType() !== 'http') throw new TypeError('the guard decides about HTTP requests only')
      const request = context.switchToHttp().getRequest<IncomingMessage & { raw?: IncomingMessage }>()
      const [ofMethod, ofClass] = [context.getHandler(), context.getClass()].map(
        target => Reflect.getMetadata(metadataKey, target) as Rule | undefined,
      )
      callers.set(request, await guard.check(request.raw ?? request, ofMethod ?? ofClass ?? anyToken))
      return true
    },
  }
}
