/** Server options, problem details, strict requests, request metrics and graceful shutdown for Fastify services. */
export { clientAddressOf, parseAddress, trustedProxies } from './clientAddress.ts'
export {
  answerEveryPreflight,
  type CrossOriginOptions,
  closedToOrigins,
  crossOrigin,
  openToAllOrigins,
} from './crossOrigin.ts'
export { errorToProblem, type MappedError } from './errorToProblem.ts'
export { createFailureLog } from './failureLog.ts'
export { gracefulShutdown, type ShutdownOptions, shutdownOnSignals, trackConnections } from './gracefulShutdown.ts'
export {
  createErrorHandler,
  type ProblemDetailsOptions,
  type ProblemDetailsPluginOptions,
  problemDetails,
} from './problemDetails.ts'
export { type RequestMetrics, requestMetrics } from './requestMetrics.ts'
export { addHeaders, securityHeaders } from './securityHeaders.ts'
export { type FastifyDefaults, fastifyDefaults } from './serverOptions.ts'
export { strictRequests } from './strictRequests.ts'
