/** Starts tracing when a collector is configured; otherwise OpenTelemetry is not loaded. */
import type { TracingOptions } from './startTracing.ts'

/** Tracing options whose collector can be absent. */
export interface OptionalTracing extends Omit<TracingOptions, 'endpoint'> {
  /** The base URL of the collector; null disables tracing. */
  endpoint: string | null
}

/**
 * Starts tracing. Call it before creating the Fastify instance.
 * @param options the collector and the name and version of the service
 * @returns a function that sends the remaining spans; call it when the process stops
 * @example
 * const stopTracing = await traceTo({ endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, serviceName: 'shop', serviceVersion: '1.0.0' })
 */
export async function traceTo({ endpoint, ...service }: OptionalTracing): Promise<() => Promise<void>> {
  if (endpoint === null) return async () => undefined
  const { startTracing } = await import('./startTracing.ts')
  return startTracing({ endpoint, ...service })
}
