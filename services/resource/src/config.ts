/** The only place that reads the environment: one table of variables, and a sentence for each way to get one wrong. */
import { readFileSync } from 'node:fs'
import { integer, networks, oneOf, pem, text, url } from './parse.ts'

interface Variable<T> {
  name: string
  what: string
  /** What stands when it is not set; null: it must be set. */
  default: string | null
  /** Why it is as it is. */
  why: string
  isSecret?: boolean
  /** @throws Error whose message completes "NAME wants ..." */
  parse: (text: string) => T
}

function variable<T>(it: Variable<T>): Variable<T> {
  return it
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Every variable of the resource service. The reference in the documentation is made from it. */
export const variables = {
  host: variable({
    name: 'HOST',
    what: 'The address to listen on.',
    default: '127.0.0.1',
    why: 'only the gateway should reach the service; a container sets 0.0.0.0',
    parse: text,
  }),
  port: variable({
    name: 'PORT',
    what: 'The port to listen on; 0 takes a free one.',
    default: '4000',
    why: 'the gateway must know where to find it',
    parse: integer({ least: 0, most: 65_535 }),
  }),
  issuer: variable({
    name: 'ISSUER',
    what: 'The URL of the auth service, as its tokens name it.',
    default: null,
    why: 'a token of anybody else must be refused',
    parse: url,
  }),
  audience: variable({
    name: 'AUDIENCE',
    what: 'The name of this service in the tokens meant for it.',
    default: null,
    why: 'a token that was made for another service must be refused',
    parse: text,
  }),
  authUrls: variable({
    name: 'AUTH_URLS',
    what: 'Where the auth replicas are reached from here, with commas between. Not set: the issuer.',
    default: '',
    why: 'revocations are followed at one of them, and at the next when it fails',
    parse: list => (list === '' ? [] : list.split(',').map(one => url(one.trim()))),
  }),
  clientId: variable({
    name: 'CLIENT_ID',
    what: 'The id by which the auth service knows this one.',
    default: null,
    why: 'the feed of revocations is open to known clients only',
    parse: text,
  }),
  clientSecret: variable({
    name: 'CLIENT_SECRET',
    what: 'The secret that goes with CLIENT_ID.',
    default: null,
    why: 'the feed of revocations is open to known clients only',
    isSecret: true,
    parse: text,
  }),
  publicKey: variable({
    name: 'PUBLIC_KEY',
    what: "The auth service's public key, as PEM. Not set: its keys are fetched from /.well-known/jwks.json.",
    default: '',
    why: 'with a shared key nothing has to be fetched, and without one keys can be changed while services run',
    parse: pem,
  }),
  guardName: variable({
    name: 'GUARD_NAME',
    what: 'What admins see of this process.',
    default: 'resource',
    why: 'a receipt says which processes acknowledged a revocation',
    parse: text,
  }),
  trustProxy: variable({
    name: 'TRUST_PROXY',
    what: 'Addresses or networks of the gateway, with commas between. Not set: no X-Forwarded-* header is believed.',
    default: '',
    why: 'anybody can write such a header',
    parse: networks,
  }),
  logLevel: variable({
    name: 'LOG_LEVEL',
    what: `How much to log: ${logLevels.join(', ')}.`,
    default: 'info',
    why: 'debug also shows each refusal',
    parse: oneOf(logLevels),
  }),
  clockToleranceMs: variable({
    name: 'CLOCK_TOLERANCE_MS',
    what: 'How far the clocks of the two services may differ, in milliseconds.',
    default: '5000',
    why: 'a token is accepted so long after its expiry, and so long before its issue',
    parse: integer({ least: 0, most: 60_000 }),
  }),
  drainMs: variable({
    name: 'DRAIN_MS',
    what: 'How long it still takes requests after it was told to stop, in milliseconds.',
    default: '500',
    why: 'the gateway needs a moment to send its requests elsewhere',
    parse: integer({ least: 0, most: 5000 }),
  }),
}

type Variables = typeof variables
export type Config = { [Key in keyof Variables]: ReturnType<Variables[Key]['parse']> }

/** Thrown with one sentence for the operator. */
export class ConfigError extends Error {}

/**
 * The configuration from an environment. `NAME_FILE` names a file that holds the value of `NAME`.
 * @throws ConfigError
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const values = Object.entries(variables).map(([key, it]) => [key, readOne(it as Variable<unknown>, env)])
  return Object.fromEntries(values)
}

function readOne<T>({ name, what, why, default: standard, parse }: Variable<T>, env: NodeJS.ProcessEnv): T {
  const given = env[name] ?? fromFile(name, env) ?? standard
  if (given === null || (given === '' && standard !== '')) {
    throw new ConfigError(`${name} must be set: ${what} It is needed because ${why}.`)
  }
  try {
    return parse(given)
  } catch (error) {
    const wants = error instanceof Error ? error.message : 'something else'
    throw new ConfigError(`${name} wants ${wants}, because ${why}.`)
  }
}

function fromFile(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const path = env[`${name}_FILE`]
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    throw new ConfigError(`${name}_FILE must name a file that can be read: it holds the value of ${name}.`)
  }
}
