/** What Gatehouse's HTTP servers share: server options, problem details, strict JSON, request metrics, graceful shutdown. */
export { type Fault, outcomeOfFault } from './errorToProblem.ts'
export { openConnections, type StopOptions, stopGently, stopOnSignals } from './gracefulShutdown.ts'
export { errorAnswer, type RefusalsOptions, refusals } from './problemDetails.ts'
export { type RequestMetrics, requestMetrics } from './requestMetrics.ts'
export { type FastifyDefaults, fastifyDefaults } from './serverOptions.ts'
export { mustBeStrict, parseStrictJson, StrictJsonError, textOf } from './strictJson.ts'
export { strictRequests } from './strictRequests.ts'
