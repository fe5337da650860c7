/** The resource service's configuration: the only place that reads its environment. */
import { createPublicKey } from 'node:crypto'
import {
  type Environment,
  integer,
  list,
  oneOf,
  optional,
  readSettings,
  type Setting,
  text,
  url,
  type Values,
} from '@gatehouse/settings'
import { sharedSettings } from '@gatehouse/settings/shared-settings'

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export const settings = {
  HOST: text({
    about: 'Address to listen on',
    fallback: '127.0.0.1',
    why: 'Only the gateway should reach the service; a container says 0.0.0.0.',
  }),
  PORT: integer({
    about: 'Port to listen on; 0 takes a free one',
    fallback: '4000',
    min: 0,
    max: 65_535,
    why: 'The port that the examples use.',
  }),
  ISSUER: url({
    about: 'The URL of the auth service, as its tokens name it',
    why: 'A token of anybody else must be refused.',
  }),
  AUDIENCE: text({
    about: '`aud` of the tokens meant for this service',
    fallback: 'gatehouse',
    why: 'A token that was made for another service must be refused; this is what the auth service writes by default.',
  }),
  AUTH_URLS: list(
    url({
      about: 'Where the auth replicas are reached from here; none is the issuer',
      fallback: '',
      why: 'Revocations are followed at one of them, and at the next when it fails.',
    }),
  ),
  CLIENT_ID: text({
    about: 'The id by which the auth service knows this one',
    why: 'The feed of revocations is open to known clients only.',
  }),
  CLIENT_SECRET: text({
    about: 'The secret that goes with CLIENT_ID',
    isSecret: true,
    wants: 'the secret of that client',
    why: 'The feed of revocations is open to known clients only.',
  }),
  PUBLIC_KEY: optional(publicKey()),
  JWKS_URL: optional(
    url({
      about: "Where the auth service's keys are fetched, if not at the issuer",
      why: 'Inside, the issuer is often reached under another name than outside.',
    }),
  ),
  GUARD_NAME: text({
    about: 'What admins see of this process',
    fallback: 'resource',
    pattern: /^[\x20-\x7e]{1,100}$/,
    wants: '1 to 100 printable characters',
    why: 'A receipt says which processes acknowledged a revocation.',
  }),
  LOG_LEVEL: oneOf({
    about: 'What is logged',
    fallback: 'info',
    choices: logLevels,
    why: 'debug also shows each refusal.',
  }),
  CLOCK_TOLERANCE_MS: integer({
    about: 'How far the clocks of the two services may differ',
    fallback: '5000',
    min: 0,
    max: 60_000,
    why: 'A token is accepted so long after its expiry, and so long before its issue.',
  }),
  ...sharedSettings,
}

export type Config = Values<typeof settings>

/** @throws SettingsError naming the variable, what it wants and why */
export function readConfig(environment: Environment): Config {
  return readSettings(settings, environment)
}

/** It is no secret, but it is kept in files as secrets are. */
function publicKey(): Setting<string> {
  return {
    about: "The auth service's public key; without it the keys are fetched from the issuer's /.well-known/jwks.json",
    why: 'With a shared key nothing has to be fetched; without one, keys can be changed while services run.',
    isSecret: true,
    wants: 'a public key as PEM, not a private one',
    parse: given => {
      // Where variables cannot hold line breaks, they are written out.
      const pem = given.replaceAll('\\n', '\n')
      return !pem.includes('PRIVATE KEY') && isKey(pem) ? pem : undefined
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
