/** The server options that both services share: limits on size and time, strict validation, errors in our own form. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type FastifyHttpOptions, LogController } from 'fastify'
import { clientErrorHandler } from './clientErrors.ts'
import { createErrorHandler, type ProblemDetailsOptions } from './problemDetails.ts'

export interface FastifyDefaults extends ProblemDetailsOptions {
  /** Addresses or networks of the gateway: only from there are `X-Forwarded-*` and `X-Request-Id` believed. */
  trustProxy?: string | undefined
  logLevel?: string
  /** One line for each request. The gateway usually has them already, and they cost a third of the speed. */
  logsRequests?: boolean
  bodyLimit?: number
}

const requestIdPattern = /^[\w.-]{1,64}$/

export function fastifyDefaults(options: FastifyDefaults): FastifyHttpOptions<import('node:http').Server> {
  const { problemBase, realm, trustProxy, logLevel = 'info', logsRequests = false, bodyLimit = 16_384 } = options
  const nextId = requestIds()
  return {
    bodyLimit,
    // Receiving a whole request; an idle connection; any silence on a connection (a held poll lasts 5 s, a revocation 17 s).
    requestTimeout: 10_000,
    keepAliveTimeout: 65_000,
    connectionTimeout: 30_000,
    http: { headersTimeout: 5000, connectionsCheckingInterval: 2000, maxHeaderSize: 16_384 },
    // While it closes, a connection that is still open is served once more, and told to close.
    return503OnClosing: false,
    ...(trustProxy === undefined ? {} : { trustProxy }),
    genReqId: trustProxy === undefined ? nextId : (request: IncomingMessage) => forwardedId(request) ?? nextId(),
    routerOptions: { maxParamLength: 200 },
    // Nothing that was not asked for is dropped or converted: it is refused, and so noticed.
    ajv: {
      customOptions: {
        ...{ removeAdditional: false, coerceTypes: false, allErrors: true, useDefaults: true },
        // Schemas are checked by tests: compiling the schema of schemas would take a twentieth of each start.
        validateSchema: false,
      },
    },
    frameworkErrors: createErrorHandler({ problemBase, realm }),
    clientErrorHandler: clientErrorHandler({ problemBase, realm }, nextId),
    logController: new LogController({ disableRequestLogging: !logsRequests }),
    logger: { level: logLevel, serializers: { req: describeRequest } },
  } as FastifyHttpOptions<import('node:http').Server>
}

/** Unique over processes and restarts, and cheaper than a UUID for each request. */
function requestIds(): () => string {
  const process = randomUUID().slice(0, 13)
  let count = 0
  return () => {
    count += 1
    return `${process}-${count.toString(36)}`
  }
}

function forwardedId({ headers }: IncomingMessage): string | undefined {
  const id = headers['x-request-id']
  return typeof id === 'string' && requestIdPattern.test(id) ? id : undefined
}

/** Longer than any id in a path of ours, and shorter than any token: what somebody pasted in the wrong place. */
const longPathSegment = /[\w.~-]{65,}/g

/** No query string and no headers: either can hold a secret. */
function describeRequest(request: { method?: string; url?: string; ip?: string }): Record<string, unknown> {
  return {
    method: request.method,
    path: request.url?.split('?', 1)[0]?.replace(longPathSegment, '[long]'),
    address: request.ip,
  }
}
