/** What of the auth service's own code the benchmark runs: it is loaded, not imported, since services are no libraries. */
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
  verifySync: (hashed: string, password: string) => boolean
}

async function load<Module>(path: string): Promise<Module> {
  return (await import(`${root}services/auth/dist/src/${path}.js`)) as Module
}

/** Writes refresh tokens as the service does. */
export async function refreshTokenWriter(ring: string): Promise<(token: RefreshTokenParts) => string> {
  const { encodeRefreshToken } = await load<TokenModule>('tokens/refreshToken')
  const { readRefreshKeys } = await load<KeysModule>('keys/refreshKeys')
  const keys = readRefreshKeys(ring)
  return token => encodeRefreshToken(token, keys)
}

interface RotationModule {
  rotateRefreshToken: (db: object, rotation: object, idle: object) => Promise<unknown>
}

/** The very statement of the renewal, with its parameters by name: what another client must send to be compared. */
export async function renewalStatement(): Promise<{ text: string; parameters: string[] }> {
  const { rotateRefreshToken } = await load<RotationModule>('store/rotateRefreshToken')
  let statement = { text: '', parameters: [] as string[] }
  const query = async (text: string, values: readonly unknown[]) => {
    statement = { text, parameters: values.map(String) }
    return []
  }
  const nameItself = new Proxy({}, { get: (_target, name) => String(name) })
  await rotateRefreshToken({ query }, nameItself, nameItself)
  return statement
}

/** The library that checks passwords, as the service has it. */
export function argon2(): Argon2 {
  return createRequire(`${root}services/auth/package.json`)('@node-rs/argon2')
}
