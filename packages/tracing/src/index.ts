/** Traces, where somebody collects them: nothing of OpenTelemetry is loaded where nobody does. */
import type { TracingOptions } from './startTracing.ts'

export interface OptionalTracing extends Omit<TracingOptions, 'endpoint'> {
  /** Null is nobody. */
  endpoint: string | null
}

/**
 * To be called before Fastify is made.
 * @returns sends what is left, to be called at the end
 */
export async function traceTo({ endpoint, ...service }: OptionalTracing): Promise<() => Promise<void>> {
  if (endpoint === null) return async () => undefined
  const { startTracing } = await import('./startTracing.ts')
  return startTracing({ endpoint, ...service })
}
