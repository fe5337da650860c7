/** The settings that every service has. */
import { integer, networks, optional, text, url } from './index.ts'

/** Spread into a service's table. */
export const sharedSettings = {
  TRUST_PROXY: networks({
    about: 'Addresses or networks of the gateway whose `X-Forwarded-*` and `X-Request-Id` headers are trusted',
    why: 'Any client can send these headers, so they are ignored from other addresses.',
  }),
  DRAIN_MS: integer(500, [0, 5000], {
    about: 'How long the service accepts requests after the signal to stop, in milliseconds',
    why: 'The gateway needs this time to stop sending requests to the process.',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    url({
      about: 'The base URL of the OpenTelemetry collector that receives traces by OTLP over HTTP',
      why: 'Without a collector nothing is traced and OpenTelemetry is not loaded.',
    }),
  ),
}

/** Where a service listens. Spread into its table. */
export function listenSettings(port: number) {
  return {
    HOST: text({
      about: 'Address to listen on',
      fallback: '127.0.0.1',
      why: 'Not reachable from other hosts by accident; a container sets 0.0.0.0.',
    }),
    PORT: integer(port, [0, 65_535], {
      about: 'Port to listen on; 0 selects a free port',
      why: 'The port in the examples.',
    }),
  }
}
