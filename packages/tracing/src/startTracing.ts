/** Traces of requests, by Fastify's own OpenTelemetry instrumentation, sent by OTLP over HTTP. */
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

export interface TracingOptions {
  /** The collector's base URL: `/v1/traces` is appended, as OTEL_EXPORTER_OTLP_ENDPOINT means it. */
  endpoint: string
  serviceName: string
  serviceVersion: string
}

/** What operators ask all the time is no trace. */
const untracedPaths = new Set(['/livez', '/readyz', '/metrics', '/guards/poll'])

/**
 * From now on each Fastify instance that is made is traced. Must be called before it is made.
 * @returns sends what is left, to be called at the end
 */
export function startTracing({ endpoint, serviceName, serviceVersion }: TracingOptions): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: 5000 })
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': serviceVersion }),
    // Bounded: with the collector away, traces are dropped and requests are not.
    spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: 2048, exportTimeoutMillis: 5000 })],
  })
  provider.register()
  const instrumentation = new FastifyOtelInstrumentation({
    registerOnInitialization: true,
    ignorePaths: ({ url }) => untracedPaths.has(url),
    // A query string can hold a secret that somebody pasted in the wrong place; the log knows more of errors.
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
