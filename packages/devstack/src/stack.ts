/** The local stack: PostgreSQL, migrations, keys, two accounts, and both services. */
import { resolve } from 'node:path'
import { systemClock } from '@gatehouse/clock'
import { SettingsError } from '@gatehouse/settings'
import { httpClient } from '@gatehouse/testkit'
import { createAccounts, migrate, startDatabase } from './database.ts'
import { createProgress } from './progress.ts'
import {
  type Credentials,
  chooseLogins,
  type Login,
  makeSecrets,
  prepareFolder,
  readCredentials,
  type Secrets,
  writeCredentials,
} from './secrets.ts'
import type { StackSettings } from './settings.ts'
import { logFile, requireFreePort, startService, type Undo } from './startService.ts'

export interface Stack extends Credentials {
  passwords: { admin: PasswordState; user: PasswordState }
  /** Resolves with a sentence when a service exits. */
  failed: Promise<string>
  stop: () => Promise<void>
}

/** `new`: printed once. `known`: the account accepts it. `wrong`: it has another password. */
export type PasswordState = 'new' | 'known' | 'wrong'

/**
 * @param signal stops the start; what has started is stopped before the promise rejects
 * @throws SettingsError when a port is taken, the folder or a file cannot be used, or a part does not start
 */
export async function startStack(settings: StackSettings, signal: AbortSignal): Promise<Stack> {
  const undo: Undo[] = []
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return { ...(await startParts(settings, undo, signal)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startParts(settings: StackSettings, undo: Undo[], signal: AbortSignal): Promise<Omit<Stack, 'stop'>> {
  const { step } = createProgress(text => process.stdout.write(text), signal)
  const dataDir = resolve(settings.GATEHOUSE_DATA)
  prepareFolder(dataDir)
  const previous = readCredentials(dataDir)
  await requireFreePort('AUTH_PORT', settings)
  await requireFreePort('RESOURCE_PORT', settings)
  const databaseUrl = await step('database', () =>
    startDatabase({ settings, dataDir, onStop: stop => void undo.push(stop) }),
  )
  const secrets = makeSecrets(dataDir)
  const authUrl = `http://localhost:${settings.AUTH_PORT}`
  const urls = { authUrl, resourceUrl: `http://localhost:${settings.RESOURCE_PORT}` }
  // Written before the accounts exist: a start that fails in between must not lose generated passwords.
  // A password from a variable may be refused, so it is written afterwards.
  const generated = chooseLogins(previous, { ...settings, ADMIN_PASSWORD: null, USER_PASSWORD: null })
  writeCredentials(dataDir, { ...urls, ...generated })
  const logins = chooseLogins({ ...urls, ...generated }, settings)
  const credentials = { ...urls, ...logins }
  await step('migrations', () => migrate(databaseUrl))
  const isNew = await step('accounts', () => createAccounts(databaseUrl, secrets, logins))
  const services = await step('services', async () => {
    const started = await startServices({ settings, dataDir, databaseUrl, secrets, undo })
    await untilReady(credentials.resourceUrl, signal)
    return started
  })
  const passwords = {
    admin: isNew.admin ? 'new' : await passwordState(authUrl, logins.admin),
    user: isNew.user ? 'new' : await passwordState(authUrl, logins.user),
  } as const
  // A password that the account refuses must not replace the stored one.
  const loginToKeep = (account: 'admin' | 'user') =>
    passwords[account] === 'wrong' && previous ? previous[account] : logins[account]
  writeCredentials(dataDir, { ...credentials, admin: loginToKeep('admin'), user: loginToKeep('user') })
  const ended = Object.entries(services).map(async ([name, { exited }]) => {
    await exited
    return `The ${name} service has ended; its log is in ${logFile(dataDir, name)}`
  })
  return { ...credentials, passwords, failed: Promise.race(ended) }
}

interface ServicesOptions {
  settings: StackSettings
  dataDir: string
  databaseUrl: string
  secrets: Secrets
  undo: Undo[]
}

async function startServices({ settings, dataDir, databaseUrl, secrets, undo }: ServicesOptions) {
  const issuer = settings.ISSUER ?? `http://localhost:${settings.AUTH_PORT}`
  const common = { HOST: settings.HOST, LOG_LEVEL: settings.LOG_LEVEL, NODE_ENV: 'production', ISSUER: issuer }
  const auth = await startService({
    name: 'auth',
    dataDir,
    undo,
    env: {
      ...common,
      PORT: String(settings.AUTH_PORT),
      DATABASE_URL: databaseUrl,
      // Short, so that the tour can wait until a token expires.
      ACCESS_TOKEN_SECONDS: process.env['ACCESS_TOKEN_SECONDS'] || '30',
      SIGNING_KEY_FILE: secrets.signingKeyFile,
      REFRESH_KEYS_FILE: secrets.refreshKeysFile,
      // Without it, the console and the command line cannot create keys.
      KEY_ENCRYPTION_KEYS_FILE: secrets.keyEncryptionKeysFile,
    },
  })
  const resource = await startService({
    name: 'resource',
    dataDir,
    undo,
    env: {
      ...common,
      PORT: String(settings.RESOURCE_PORT),
      AUTH_URLS: `http://${loopbackOf(settings.HOST)}:${settings.AUTH_PORT}`,
      CLIENT_ID: 'resource',
      CLIENT_SECRET_FILE: secrets.clientSecretFile,
      // The resource service must not have access to the database.
      DATABASE_URL: undefined,
    },
  })
  return { auth, resource }
}

function loopbackOf(host: StackSettings['HOST']): string {
  return host === '::1' ? '[::1]' : '127.0.0.1'
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
async function untilReady(url: string, signal: AbortSignal): Promise<void> {
  for (let attemptsLeft = readyTimeoutMs / readyCheckMs; attemptsLeft > 0; attemptsLeft -= 1) {
    signal.throwIfAborted()
    const isReady = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    await systemClock.sleep(readyCheckMs)
  }
  throw new SettingsError('The resource service is not ready; see its log.')
}
