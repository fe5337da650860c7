/**
 * The local stack: PostgreSQL, migrations, keys, two accounts, and the processes of both services.
 */
import { createWriteStream, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { systemClock } from '@gatehouse/clock'
import { SettingsError } from '@gatehouse/settings'
import { httpClient, startProcess, type TestProcess } from '@gatehouse/testkit'
import { prepareDatabase, startDatabase } from './database.ts'
import {
  type Credentials,
  chooseLogins,
  type Login,
  makeSecrets,
  readCredentials,
  writeCredentials,
} from './secrets.ts'
import type { StackSettings } from './settings.ts'

export interface Stack extends Credentials {
  passwords: { admin: PasswordState; user: PasswordState }
  /** Resolves with a sentence when a service exits. */
  failed: Promise<string>
  stop: () => Promise<void>
}

/**
 * `new`: just set, to be printed once. `known`: the account accepts it. `wrong`: the account has
 * another password.
 */
export type PasswordState = 'new' | 'known' | 'wrong'

type Undo = () => Promise<unknown>

/** @throws SettingsError when a port is taken or the database cannot be reached */
export async function startStack(settings: StackSettings): Promise<Stack> {
  const undo: Undo[] = []
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return { ...(await startParts(settings, undo)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startParts(settings: StackSettings, undo: Undo[]): Promise<Omit<Stack, 'stop'>> {
  const dataDir = resolve(settings.GATEHOUSE_DATA)
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  await requireFreePort('AUTH_PORT', settings.AUTH_PORT)
  await requireFreePort('RESOURCE_PORT', settings.RESOURCE_PORT)
  const databaseUrl = await startDatabase({ settings, dataDir, onStop: stop => void undo.push(stop) })
  const secrets = makeSecrets(dataDir)
  const previous = readCredentials(dataDir)
  const logins = chooseLogins(previous, settings)
  const authUrl = `http://localhost:${settings.AUTH_PORT}`
  const credentials = { authUrl, resourceUrl: `http://localhost:${settings.RESOURCE_PORT}`, ...logins }
  // Written before the accounts exist: a start that fails in between must not lose their passwords.
  writeCredentials(dataDir, credentials)
  const isNew = await prepareDatabase(databaseUrl, secrets, logins)

  const common = {
    HOST: '127.0.0.1',
    LOG_LEVEL: process.env['LOG_LEVEL'] === 'debug' ? 'debug' : 'info',
    NODE_ENV: 'production',
    AUDIENCE: process.env['AUDIENCE'] ?? 'gatehouse',
  }
  const start = (name: string, env: Record<string, string | undefined>) =>
    startService({ name, dataDir, env: { ...common, ...env }, undo })
  const auth = await start('auth', {
    PORT: String(settings.AUTH_PORT),
    ISSUER: authUrl,
    DATABASE_URL: databaseUrl,
    // Short, so that the tour can wait until a token expires.
    ACCESS_TOKEN_SECONDS: process.env['ACCESS_TOKEN_SECONDS'] ?? '30',
    SIGNING_KEY_FILE: secrets.signingKeyFile,
    REFRESH_KEYS_FILE: secrets.refreshKeysFile,
  })
  const resource = await start('resource', {
    PORT: String(settings.RESOURCE_PORT),
    ISSUER: authUrl,
    AUTH_URLS: `http://127.0.0.1:${settings.AUTH_PORT}`,
    CLIENT_ID: 'resource',
    CLIENT_SECRET_FILE: secrets.clientSecretFile,
    // The resource service must not have access to the database.
    DATABASE_URL: undefined,
  })
  await untilReady(credentials.resourceUrl)
  const passwords = {
    admin: isNew.admin ? 'new' : await passwordState(authUrl, logins.admin),
    user: isNew.user ? 'new' : await passwordState(authUrl, logins.user),
  } as const
  // A password that the account refuses must not replace the stored one.
  const loginToKeep = (account: 'admin' | 'user') =>
    passwords[account] === 'wrong' && previous ? previous[account] : logins[account]
  writeCredentials(dataDir, { ...credentials, admin: loginToKeep('admin'), user: loginToKeep('user') })
  const failed = Promise.race([auth.exited.then(() => 'auth'), resource.exited.then(() => 'resource')])
  return {
    ...credentials,
    passwords,
    failed: failed.then(name => `The ${name} service has ended; its log is in ${logFile(dataDir, name)}`),
  }
}

/** Tries the password of an account that existed before this start. */
async function passwordState(authUrl: string, login: Login): Promise<'known' | 'wrong'> {
  const call = httpClient(authUrl)
  const { status, body } = await call('/session', { body: { ...login, transport: 'body' } })
  if (status === 401) return 'wrong'
  const { refreshToken } = body as { refreshToken?: string }
  if (refreshToken !== undefined) await call('/session', { method: 'DELETE', body: { refreshToken } })
  return 'known'
}

const readyTimeoutMs = 120_000
const readyCheckMs = 50

/** Waits for /readyz: a service that listens may have no keys and no lease yet. */
async function untilReady(url: string): Promise<void> {
  for (let attemptsLeft = readyTimeoutMs / readyCheckMs; attemptsLeft > 0; attemptsLeft -= 1) {
    const isReady = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    await systemClock.sleep(readyCheckMs)
  }
  throw new Error('The resource service is not ready; see its log.')
}

async function requireFreePort(variable: string, port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      reject(
        new SettingsError(
          `Port ${port} ${isTaken ? 'is in use' : `cannot be used (${error.code})`}: set ${variable} to another.`,
        ),
      )
    })
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
  })
}

interface ServiceOptions {
  name: string
  dataDir: string
  env: Record<string, string | undefined>
  undo: Undo[]
}

async function startService({ name, dataDir, env, undo }: ServiceOptions): Promise<TestProcess> {
  mkdirSync(join(dataDir, 'logs'), { recursive: true })
  const log = createWriteStream(logFile(dataDir, name), { flags: 'a', mode: 0o600 })
  undo.push(async () => log.end())
  const process = await startProcess({
    entry: `services/${name}/dist/bundle/main.js`,
    env,
    readyWhen: /"msg":"listening"/,
    onLine: line => log.write(`${line}\n`),
  })
  undo.push(() => process.stop())
  return process
}

function logFile(dataDir: string, name: string): string {
  return join(dataDir, 'logs', `${name}.log`)
}
