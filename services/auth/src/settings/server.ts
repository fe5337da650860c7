/** Settings of the HTTP server: addresses, logs, headers and pages. */
import { flag, integer, list, oneOf, optional, origin, text, url } from '@gatehouse/settings'
import { listenSettings } from '@gatehouse/settings/shared-settings'

const day = 24 * 3600

export const serverSettings = {
  ...listenSettings(3000),
  ISSUER: url({
    about: 'Public URL of this service: `iss` of every token and base of its metadata',
    why: 'Every verifier compares it, so it has no default.',
  }),
  AUDIENCE: text({
    about: '`aud` of every access token: the name of the resource services',
    fallback: 'gatehouse',
    pattern: /^[\x21-\x7e]{1,200}$/,
    wants: 'printable and without spaces',
    why: 'Services that trust each other share one audience.',
  }),
  PUBLIC_CLIENTS: list(
    text({
      about:
        'Ids of public clients that may start a device authorization (RFC 8628). `gatehouse-cli` permits `gatehouse login --device`',
      fallback: '',
      pattern: /^(?!first-party$)[\w.-]{1,100}$/,
      wants: 'a client id other than first-party',
      why: 'A device without a secret cannot prove what it is, so none is accepted by default.',
    }),
  ),
  RESOURCES: list(
    text({
      about: 'Further audiences that a client can ask for with `resource` (RFC 8707), one for each group of services',
      fallback: '',
      pattern: /^[a-z][a-z0-9+.-]*:[\x21\x22\x24-\x2b\x2d-\x7e]{1,180}$/,
      wants: 'an absolute URI without a fragment',
      why: 'A token for one audience is refused by the services of another. The default is one audience.',
    }),
  ),
  ALLOWED_ORIGINS: list(
    origin({
      about: 'Origins of pages on other hosts that may call the service, with cookies too (CORS)',
      fallback: '',
      why: 'No other origin is allowed by default.',
    }),
  ),
  LOG_LEVEL: oneOf({
    about: 'Log level',
    fallback: 'info',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
    why: 'Logs start, stop and failures.',
  }),
  LOG_REQUESTS: flag({
    about: 'Write a log line for each request',
    fallback: 'false',
    why: 'The gateway usually logs requests, and the lines cost a third of the throughput.',
  }),
  HSTS_SECONDS: integer(0, [0, 2 * 365 * day], {
    about: '`max-age` of Strict-Transport-Security; 0 sends no such header',
    why: 'The gateway terminates TLS and usually sends the header for the whole host.',
  }),
  HSTS_SUBDOMAINS: flag({
    about: 'Add `includeSubDomains` to Strict-Transport-Security',
    fallback: 'false',
    why: 'It affects hosts that this service does not serve.',
  }),
  DOCS: flag({
    about: 'Serve the API documentation at /docs',
    fallback: 'true',
    why: 'The document that it shows is public.',
  }),
  CONSOLE: flag({
    about: 'Serve the web pages /console and /account',
    fallback: 'true',
    why: 'They use the public API only. The gateway publishes /account, and /console when PUBLISH_CONSOLE is on.',
  }),
  NAME: optional(
    text({
      about: 'Name of this replica in logs',
      pattern: /^[\w.-]{1,100}$/,
      wants: 'letters, digits, dots, underscores and dashes',
      why: 'The host name is used when it is not set.',
    }),
  ),
}
