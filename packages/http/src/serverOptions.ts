/** Fastify options with limits on size and time, strict validation and problem details. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { maxAccessTokenLength } from '@gatehouse/contract'
import fastify, { type FastifyHttpOptions, type FastifyReply, type FastifyRequest } from 'fastify'
import { clientAddressOf, trustedProxies } from './clientAddress.ts'
import { clientErrorHandler } from './clientErrors.ts'
import { createErrorHandler, type ProblemDetailsOptions } from './problemDetails.ts'

/** What a service chooses; everything else has a default. */
export interface FastifyDefaults extends ProblemDetailsOptions {
  /**
   * Addresses or networks of the gateway. `X-Forwarded-*` and `X-Request-Id` are ignored from other
   * addresses.
   */
  trustProxy?: string | undefined
  logLevel?: string
  /**
   * Log a line for each request. It costs a third of the throughput, and the gateway usually logs
   * requests.
   */
  logsRequests?: boolean
  /** The maximum size of a body in bytes. */
  bodyLimit?: number
  /**
   * Headers of responses to requests that reach no hook: an invalid path, and input that is not
   * HTTP. A service sets the same headers on other responses in an `onRequest` hook.
   */
  errorHeaders?: Readonly<Record<string, string>>
}

const requestIdPattern = /^[\w.-]{1,64}$/

/**
 * Creates the options for `fastify()`.
 * @param options the service's choices
 * @returns options with a time limit for receiving a whole request (10 s) and headers (5 s), a body
 *   limit and strict validation
 * @example
 * const app = fastify(fastifyDefaults({ problemBase: 'https://auth.example/problems', realm: 'warehouse' }))
 */
export function fastifyDefaults(options: FastifyDefaults): FastifyHttpOptions<import('node:http').Server> {
  const { problemBase, realm, trustProxy, logLevel = 'info', logsRequests = false, bodyLimit = 16_384 } = options
  const { errorHeaders: headers = {} } = options
  const handleError = createErrorHandler({ problemBase, realm })
  const nextId = requestIds()
  const isTrusted = trustProxy === undefined ? () => false : trustedProxies(trustProxy)
  return {
    bodyLimit,
    // Time limits: receiving a whole request; an idle connection; no data on a connection. The last
    // exceeds the longest wait for a response (a held poll takes 5 s, a revocation 17 s).
    requestTimeout: 10_000,
    keepAliveTimeout: 65_000,
    connectionTimeout: 30_000,
    http: { headersTimeout: 5000, connectionsCheckingInterval: 2000, maxHeaderSize: 4 * maxAccessTokenLength },
    // While the server closes, open connections get one more response, with `Connection: close`.
    return503OnClosing: false,
    ...(trustProxy === undefined ? {} : { trustProxy: isTrusted }),
    genReqId: (request: IncomingMessage) =>
      (isTrusted(request.socket.remoteAddress) ? forwardedId(request) : undefined) ?? nextId(),
    routerOptions: { maxParamLength: 200 },
    // Unknown and mistyped fields are rejected, not removed or converted, so that the client
    // notices its mistake.
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        allErrors: true,
        useDefaults: true,
        // Tests check the schemas. Compiling the meta-schema would take 5 % of each start.
        validateSchema: false,
      },
    },
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      handleError(error, request, reply.headers(headers)),
    clientErrorHandler: clientErrorHandler({ problemBase, realm, headers }, nextId),
    ...requestLogging({ disableRequestLogging: !logsRequests }),
    logger: { level: logLevel, serializers: { req: describeRequest } },
  } as FastifyHttpOptions<import('node:http').Server>
}

/** Fastify 5.10 moved the option into its LogController and deprecated the old one. */
function requestLogging(options: { disableRequestLogging: boolean }): object {
  const { LogController } = fastify as { LogController?: typeof fastify.LogController }
  return LogController === undefined ? options : { logController: new LogController(options) }
}

/**
 * Creates ids that are unique across processes and restarts; cheaper than a UUID for each request.
 */
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

/**
 * Matches segments longer than any id in a path and shorter than any token, so that the log
 * contains no token.
 */
const longPathSegment = /[\w.~-]{65,}/g

/** Query strings and headers can contain secrets, so the log has neither. */
function describeRequest(request: FastifyRequest): Record<string, unknown> {
  return {
    method: request.method,
    path: request.url?.split('?', 1)[0]?.replace(longPathSegment, '[long]'),
    address: clientAddressOf(request),
  }
}
