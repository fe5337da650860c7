/** Traces requests with Fastify's OpenTelemetry instrumentation and sends them by OTLP over HTTP. */
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

/** Where traces are sent, and under which name. */
export interface TracingOptions {
  /**
   * The base URL of the collector. `/v1/traces` is appended, as for OTEL_EXPORTER_OTLP_ENDPOINT.
   */
  endpoint: string
  serviceName: string
  serviceVersion: string
}

/** Probes and polls are frequent and carry no information for a trace. */
const untracedPaths = new Set(['/livez', '/readyz', '/metrics', '/guards/poll'])

/**
 * Traces every Fastify instance that is created after this call.
 * @param options the collector and the name and version of the service
 * @returns a function that sends the remaining spans; call it when the process stops
 */
export function startTracing({ endpoint, serviceName, serviceVersion }: TracingOptions): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: 5000 })
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': serviceVersion }),
    // The queue is bounded: when the collector is unreachable, spans are dropped and requests are
    // not delayed.
    spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: 2048, exportTimeoutMillis: 5000 })],
  })
  provider.register()
  const instrumentation = new FastifyOtelInstrumentation({
    registerOnInitialization: true,
    ignorePaths: ({ url }) => untracedPaths.has(url),
    // A query string can contain a secret, so only the path is recorded. Errors are in the log.
    requestHook: (span, { url }) => span.setAttribute('url.path', url.split('?', 1)[0] ?? ''),
    recordExceptions: false,
    instrumentHooks: false,
  })
  instrumentation.setTracerProvider(provider)
  return async () => {
    await provider.shutdown().catch(() => undefined)
    trace.disable()
  }
}
