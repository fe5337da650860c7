/** Loads modules of the auth service by path, since a service is not a library. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../../', import.meta.url))

export interface RefreshTokenParts {
  sessionId: string
  generation: number
  secret: Buffer
}

interface TokenModule {
  encodeRefreshToken: (token: RefreshTokenParts, keys: unknown) => string
}

interface KeysModule {
  readRefreshKeys: (text: string) => unknown
}

interface Argon2 {
  hash: (password: string, options: object) => Promise<string>
  verifySync: (hash: string, password: string) => boolean
}

async function load<Module>(path: string): Promise<Module> {
  return (await import(`${root}services/auth/dist/src/${path}.js`)) as Module
}

/** @returns a function that encodes refresh tokens as the service does */
export async function refreshTokenEncoder(keyRing: string): Promise<(token: RefreshTokenParts) => string> {
  const { encodeRefreshToken } = await load<TokenModule>('tokens/refreshToken')
  const { readRefreshKeys } = await load<KeysModule>('keys/refreshKeys')
  const keys = readRefreshKeys(keyRing)
  return token => encodeRefreshToken(token, keys)
}

interface RotationModule {
  rotateRefreshToken: (db: object, rotation: object, idle: object) => Promise<unknown>
}

/** @returns the renewal's own statement with the names of its parameters, for another client to send */
export async function renewalStatement(): Promise<{ text: string; parameters: string[] }> {
  const { rotateRefreshToken } = await load<RotationModule>('store/rotateRefreshToken')
  let statement = { text: '', parameters: [] as string[] }
  const query = async (text: string, values: readonly unknown[]) => {
    statement = { text, parameters: values.map(String) }
    return []
  }
  const namesAsValues = new Proxy({}, { get: (_target, name) => String(name) })
  await rotateRefreshToken({ query }, namesAsValues, namesAsValues)
  return statement
}

/** @returns the library that verifies passwords, in the service's version */
export function argon2(): Argon2 {
  return createRequire(`${root}services/auth/package.json`)('@node-rs/argon2')
}
