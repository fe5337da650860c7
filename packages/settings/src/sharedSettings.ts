/** The settings that every service has. */
import { integer, networks, optional, url } from './index.ts'

/** Spread into a service's table. */
export const sharedSettings = {
  TRUST_PROXY: networks({
    about: 'Addresses or networks of the gateway whose `X-Forwarded-*` and `X-Request-Id` headers are trusted',
    why: 'Any client can send these headers, so they are ignored from other addresses.',
  }),
  DRAIN_MS: integer({
    about: 'How long the service accepts requests after the signal to stop, in milliseconds',
    fallback: '500',
    min: 0,
    max: 5000,
    why: 'The gateway needs this time to stop sending requests to the process.',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    url({
      about: 'The base URL of the OpenTelemetry collector that receives traces by OTLP over HTTP',
      why: 'Without a collector nothing is traced and OpenTelemetry is not loaded.',
    }),
  ),
}
