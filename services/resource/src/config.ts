/** The configuration of the resource service: the only module that reads its environment. */
import { createPublicKey } from 'node:crypto'
import { pemBlocks } from '@gatehouse/guard'
import {
  type Environment,
  integer,
  list,
  oneOf,
  optional,
  origin,
  readSettings,
  type Setting,
  text,
  url,
  type Values,
} from '@gatehouse/settings'
import { listenSettings, sharedSettings } from '@gatehouse/settings/shared-settings'

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export const settings = {
  ...listenSettings(4000),
  ISSUER: url({
    about: 'The URL of the auth service, exactly as in the `iss` claim of its tokens',
    why: 'The guard refuses tokens of other issuers.',
  }),
  AUDIENCE: text({
    about: 'The `aud` claim of tokens for this service',
    fallback: 'gatehouse',
    why: 'The guard refuses tokens for other services. The default equals the default of the auth service.',
  }),
  RESOURCE_URL: optional(
    url({
      about: 'Public URL of this service: the `resource` of its metadata (RFC 9728), which challenges then name',
      why: 'Clients that know only this service find the auth service by it; only the operator knows the URL.',
    }),
  ),
  AUTH_URLS: list(
    url({
      about: 'The URLs of the auth replicas, separated by commas; without any, the issuer is used',
      fallback: '',
      why: 'The guard follows the revocation feed at one replica, and at the next when that fails.',
    }),
  ),
  CLIENT_ID: text({
    about: 'The id of the service client with which this service authenticates at the auth service',
    why: 'Only service clients with the scope `guard` can follow the revocation feed.',
  }),
  CLIENT_SECRET: text({
    about: 'The secret of the service client',
    isSecret: true,
    wants: 'the secret of that client',
    why: 'Only service clients with the scope `guard` can follow the revocation feed.',
  }),
  PUBLIC_KEY: optional(publicKey()),
  JWKS_URL: optional(
    url({
      about: 'The URL of the public keys, if it differs from the one at the issuer',
      why: 'Internal networks often reach the auth service under another name than the issuer.',
    }),
  ),
  ALLOWED_ORIGINS: list(
    origin({
      about: 'Origins of pages on other hosts that may read responses; cookies play no part',
      fallback: '',
      why: 'No other origin is allowed by default.',
    }),
  ),
  GUARD_NAME: text({
    about: 'The name of this process in receipts and in the list of guards',
    fallback: 'resource',
    pattern: /^[\x20-\x7e]{1,100}$/,
    wants: '1 to 100 printable characters',
    why: 'A receipt names the processes that acknowledged a revocation.',
  }),
  LOG_LEVEL: oneOf({
    about: 'The least severe level that is logged',
    fallback: 'info',
    choices: logLevels,
    why: 'The level debug also logs each refused request.',
  }),
  CLOCK_TOLERANCE_MS: integer(5000, [0, 60_000], {
    about: 'How long after `exp` a token is still accepted, and how long before `iat` and `nbf`, in milliseconds',
    why: 'Tokens carry times in whole seconds.',
  }),
  VERIFY_SCOPE: list(
    text({
      about: 'The scopes that every request of a gateway to `/verify` needs, separated by commas',
      fallback: '',
      pattern: /^[\x21\x23-\x5b\x5d-\x7e]+$/,
      wants: 'a scope (RFC 6749 section 3.3)',
      why: 'A gateway that cannot send the header `X-Verify-Scope` for each route can require them here.',
    }),
  ),
  VERIFY_STATUS: oneOf({
    about: 'The status with which `/verify` admits a request',
    fallback: '204',
    choices: ['200', '204'] as const,
    why: 'Envoy and Istio admit a request on 200 only.',
  }),
  EXT_AUTHZ_PORT: optional(
    integer(null, [1, 65_535], {
      about: "Port for Envoy's external authorization over gRPC; empty for none",
      why: 'Envoy and meshes made from it can ask by gRPC instead of HTTP.',
    }),
  ),
  ...sharedSettings,
}

export type Config = Values<typeof settings>

/** @throws SettingsError naming the variable, what it wants and why */
export function readConfig(environment: Environment): Config {
  return readSettings(settings, environment)
}

/** The key is public, but it can come from a file like a secret. */
function publicKey(): Setting<string> {
  return {
    about:
      "The auth service's public keys, one or more PEM blocks; without it they are fetched from the issuer's /.well-known/jwks.json",
    why: 'A given key needs no fetch. Fetched keys can be rotated while services run.',
    isSecret: true,
    wants: 'a public key as PEM, not a private one',
    parse: given => {
      // Some environments cannot hold line breaks in a variable, so `\\n` stands for one.
      const pem = given.replaceAll('\\n', '\n')
      return !pem.includes('PRIVATE KEY') && pemBlocks(pem).every(isKey) ? pem : undefined
    },
  }
}

function isKey(pem: string): boolean {
  try {
    return createPublicKey(pem).type === 'public'
  } catch {
    return false
  }
}
