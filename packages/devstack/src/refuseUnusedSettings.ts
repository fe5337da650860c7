/** Refuses variables of the services that the local stack sets by itself. */
import { type Environment, SettingsError } from '@gatehouse/settings'

const reasons: Readonly<Record<string, string>> = {
  PORT: 'Set AUTH_PORT or RESOURCE_PORT.',
  AUTH_URLS: 'The resource service calls the auth service of the stack.',
  CLIENT_ID: 'The stack creates the client `resource`.',
  CLIENT_SECRET: 'The stack creates the secret in GATEHOUSE_DATA/keys.',
  SIGNING_KEY: 'The stack creates the key in GATEHOUSE_DATA/keys.',
  KEY_ENCRYPTION_KEYS: 'The stack creates the key in GATEHOUSE_DATA/keys.',
  REFRESH_KEYS: 'The stack creates the keys in GATEHOUSE_DATA/keys.',
}

/** @throws SettingsError that names the variable */
export function refuseUnusedSettings(environment: Environment): void {
  for (const [name, reason] of Object.entries(reasons)) {
    const set = [name, `${name}_FILE`].find(variant => environment[variant])
    if (set !== undefined) throw new SettingsError(`${set} cannot be set for the local stack. ${reason}`)
  }
}
