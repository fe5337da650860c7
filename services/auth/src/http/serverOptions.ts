/** Fastify options of the auth service: shared limits, logging, and redaction of secrets. */
import type { Server } from 'node:http'
import { fastifyDefaults, type ProblemDetailsOptions } from '@gatehouse/http'
import type { FastifyHttpOptions } from 'fastify'
import type { Config } from '../config.ts'
import { responseHeaders } from './responseHeaders.ts'
import { sharedSerializers } from './serializers.ts'

/** Bodies are never logged; these headers are redacted in case a plugin logs them. */
const secretHeaders = ['authorization', 'cookie', 'set-cookie', 'idempotency-key'].flatMap(name => [
  `req.headers["${name}"]`,
  `res.headers["${name}"]`,
  `headers["${name}"]`,
])

/** Receives one line of JSON per call. */
export interface LogStream {
  write: (line: string) => void
}

export function serverOptions(
  config: Config,
  problemOptions: ProblemDetailsOptions,
  logStream?: LogStream,
): FastifyHttpOptions<Server> {
  const { LOG_LEVEL, NAME, TRUST_PROXY, LOG_REQUESTS } = config
  const options = fastifyDefaults({
    ...problemOptions,
    trustProxy: TRUST_PROXY ?? undefined,
    logLevel: LOG_LEVEL,
    logsRequests: LOG_REQUESTS,
    errorHeaders: responseHeaders(config),
  })
  const name = NAME === null ? {} : { name: NAME }
  const logger = typeof options.logger === 'object' ? options.logger : {}
  const stream = logStream === undefined ? {} : { stream: logStream }
  return {
    ...options,
    schemaController: { compilersFactory: { buildSerializer: sharedSerializers } },
    logger: { ...logger, ...name, ...stream, redact: { paths: secretHeaders, censor: '[secret]' } },
  }
}
