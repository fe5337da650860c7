/** The settings that every service has, each with one meaning and one reason. */
import { integer, networks, optional, url } from './index.ts'

export const sharedSettings = {
  TRUST_PROXY: networks({
    about: 'The gateway, whose `X-Forwarded-*` and `X-Request-Id` are believed',
    why: 'Anybody can write these headers.',
  }),
  DRAIN_MS: integer({
    about: 'How long requests are still taken after the signal to stop',
    fallback: '500',
    min: 0,
    max: 5000,
    why: 'The gateway needs a moment to send its requests elsewhere.',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    url({
      about: 'The OpenTelemetry collector that traces are sent to, by OTLP over HTTP',
      why: 'Without one nothing is traced, and nothing of it is loaded.',
    }),
  ),
}
