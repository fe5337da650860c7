/** The keys and passwords of a local stack, created once in files that only the owner can read. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SettingsError } from '@gatehouse/settings'
import type { StackSettings } from './settings.ts'

export interface Secrets {
  signingKeyFile: string
  refreshKeysFile: string
  keyEncryptionKeysFile: string
  clientSecretFile: string
  clientSecret: string
}

export interface Login {
  email: string
  password: string
}

/** What `tour` needs of a running stack. */
export interface Credentials {
  authUrl: string
  resourceUrl: string
  admin: Login
  user: Login
}

const ownerOnly = { mode: 0o600 }

/** For development only: production keys come from the operator's secret store. */
export function makeSecrets(dataDir: string): Secrets {
  const folder = join(dataDir, 'keys')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const signingKeyFile = createFile(join(folder, 'signing-key.pem'), () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  )
  const refreshKeysFile = createFile(join(folder, 'refresh-keys'), newKeyring)
  const keyEncryptionKeysFile = createFile(join(folder, 'key-encryption-keys'), newKeyring)
  const clientSecretFile = createFile(join(folder, 'resource-client-secret'), randomPassword)
  const clientSecret = readFileSync(clientSecretFile, 'utf8')
  return { signingKeyFile, refreshKeysFile, keyEncryptionKeysFile, clientSecretFile, clientSecret }
}

/** Keeps the previous passwords, unless a variable sets them or the e-mail address changed. */
export function chooseLogins(
  known: Credentials | undefined,
  settings: StackSettings,
): Pick<Credentials, 'admin' | 'user'> {
  const choose = (previous: Login | undefined, email: string, given: string | null): Login => {
    const password = given ?? (previous?.email === email ? previous.password : randomPassword())
    return { email, password }
  }
  return {
    admin: choose(known?.admin, settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD),
    user: choose(known?.user, settings.USER_EMAIL, settings.USER_PASSWORD),
  }
}

export function readCredentials(dataDir: string): Credentials | undefined {
  const file = credentialsFile(dataDir)
  if (!existsSync(file)) return undefined
  try {
    return parseCredentials(readFileSync(file, 'utf8'))
  } catch {
    throw new SettingsError(
      `${file} is damaged. Restore it, or delete it: \`start\` then says how to set the passwords of existing accounts.`,
    )
  }
}

/** @throws Error when a member is missing */
function parseCredentials(text: string): Credentials {
  const credentials = JSON.parse(text) as Credentials
  const { authUrl, resourceUrl, admin, user } = credentials
  for (const value of [authUrl, resourceUrl, admin.email, admin.password, user.email, user.password]) {
    if (typeof value !== 'string') throw new TypeError('A member is missing.')
  }
  return credentials
}

/** @throws SettingsError when the folder cannot be written */
export function prepareFolder(dataDir: string): void {
  try {
    makeFolder(join(dataDir, 'logs'))
    accessSync(dataDir, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new SettingsError(`GATEHOUSE_DATA names a folder that cannot be written (${code}): ${dataDir}`)
  }
}

/** Node's `recursive` never returns in a file system that creates nothing, such as /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
}

export function writeCredentials(dataDir: string, credentials: Credentials): void {
  writeFileSync(credentialsFile(dataDir), `${JSON.stringify(credentials, null, 2)}\n`, ownerOnly)
}

export function credentialsFile(dataDir: string): string {
  return join(dataDir, 'credentials.json')
}

function createFile(file: string, content: () => string): string {
  if (!existsSync(file)) writeFileSync(file, content(), ownerOnly)
  return file
}

/** One key with the id 1. */
function newKeyring(): string {
  return `1:${randomBytes(32).toString('hex')}`
}

function randomPassword(): string {
  return randomBytes(18).toString('base64url')
}
