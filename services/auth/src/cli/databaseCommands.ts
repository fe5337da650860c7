/** The commands that need the database and not the API. */
import { randomBytes } from 'node:crypto'
import { ProblemError } from '@gatehouse/contract'
import { optional, readSettings, text } from '@gatehouse/settings'
import { assertClientId, newClientSecret } from '../admin/clientCredentials.ts'
import { settings } from '../config.ts'
import type { Database } from '../database/database.ts'
import { migrate } from '../database/migrate.ts'
import { sha256 } from '../keys/hmac.ts'
import { hashPassword } from '../passwords/argon2.ts'
import { contextWordsOf, createPasswordPolicy } from '../passwords/passwordPolicy.ts'
import { createAccount } from '../store/accounts.ts'
import { readClock } from '../store/readClock.ts'
import { createServiceClient, putServiceClient } from '../store/serviceClients.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { type AssertTokenFits, createTokenSizeLimit } from '../tokens/tokenSizeLimit.ts'
import { activateKey } from './activateKey.ts'
import { afterRestore, assertConfirmed } from './afterRestore.ts'
import { restore } from './backup.ts'
import type { DatabaseCommandName } from './databaseCommandSpecs.ts'
import { type Options, UsageError } from './options.ts'

export type Environment = Readonly<Record<string, string | undefined>>
export type DatabaseCommand = (
  database: Database,
  options: Options,
  environment: Environment,
) => Promise<Record<string, unknown>>

/** Each returns what is printed as one line of JSON. */
export const databaseCommands: Readonly<Record<DatabaseCommandName, DatabaseCommand>> = {
  migrate: ({ direct }) => migrate({ connections: direct }),
  'create-admin': (database, { role = [], ...options }, environment) =>
    createAccountCommand(database, { ...options, role: [...new Set([...role, 'admin'])] }, environment),
  'create-account': createAccountCommand,
  'create-client': createClient,
  'after-restore': afterRestore,
  restore: async (database, options, environment) => {
    assertConfirmed(options)
    const restored = await restore(database.direct, process.stdin)
    return { restored, ...(await afterRestore(database, options, environment)) }
  },
  'activate-key': activateKey,
}

async function createAccountCommand(
  { prisma }: Database,
  { email, role = [], scope = [] }: Options,
  environment: Environment,
): Promise<Record<string, unknown>> {
  const { PASSWORD } = environment
  if (email === undefined || !/^[^\s@]+@[^\s@]+$/.test(email)) throw new UsageError('--email must be an e-mail address')
  const { minLength, requireAcceptable, initialPasswordMs } = passwordRulesOf(environment)
  const password = PASSWORD ?? randomBytes(Math.max(18, minLength)).toString('base64url')
  asUsageError(() => requireAcceptable(password, { field: 'PASSWORD', email }))
  asUsageError(() => tokenSizeLimitOf(environment)({ clientId: 'first-party', roles: role, scopes: scope }))
  const passwordHash = await hashPassword(password)
  // A generated password is printed, so it must be changed at the first log-in, and expires (OWASP ASVS 6.4.1).
  const initial =
    PASSWORD === undefined
      ? { mustChangePassword: true, passwordExpiresAt: new Date((await readClock(prisma)).dbNowMs + initialPasswordMs) }
      : {}
  const id = await prisma.$transaction(async tx => {
    const created = await createAccount(tx, { email, passwordHash, roles: role, scopes: scope, ...initial })
    if (created === undefined) return undefined
    const detail = { roles: role, scopes: scope }
    await writeAudit(tx, byCommandLine, { action: 'user.create', target: created, detail })
    return created
  })
  if (id === undefined) return { created: false, email }
  return { created: true, id, email, ...(PASSWORD === undefined ? { password } : {}) }
}

async function createClient(
  { prisma }: Database,
  { id, name = id, scope = [], replaceSecret = false }: Options,
  environment: Environment,
): Promise<Record<string, unknown>> {
  if (id === undefined || name === undefined || !/^[\w.-]{1,100}$/.test(id))
    throw new UsageError('--id must consist of letters, digits, dots and dashes')
  asUsageError(() => assertClientId(id))
  if (scope.length === 0) throw new UsageError('--scope is missing: what the client may do, such as guard')
  asUsageError(() => tokenSizeLimitOf(environment)({ clientId: id, roles: [], scopes: scope }))
  const { CLIENT_SECRET } = readSettings({ CLIENT_SECRET: clientSecret }, environment)
  const secret = CLIENT_SECRET ?? newClientSecret()
  if (secret.length < 20) throw new UsageError('CLIENT_SECRET must have at least 20 characters')
  // Containers run this at every start: a secret that was rotated in the meantime must stay.
  const put = replaceSecret ? putServiceClient : createServiceClient
  const isDone = await prisma.$transaction(async tx => {
    const created = await put(tx, { id, name, secretHash: sha256(secret), scopes: scope })
    if (created === false) return false
    await writeAudit(tx, byCommandLine, { action: 'client.create', target: id, detail: { scopes: scope } })
    return true
  })
  if (!isDone) return { created: false, id }
  return { created: true, id, ...(CLIENT_SECRET === null ? { secret } : {}) }
}

const clientSecret = optional(
  text({ about: 'The secret of the client', why: 'The client authenticates with it.', isSecret: true }),
)
const byCommandLine = { actor: 'command line' }

/** The rules of the service, as far as its settings are in the environment of the command. */
function passwordRulesOf(environment: Environment) {
  const { PASSWORD_MIN_LENGTH, RESET_CODE_SECONDS, ISSUER } = settings
  const given = readSettings({ PASSWORD_MIN_LENGTH, RESET_CODE_SECONDS, ISSUER: optional(ISSUER) }, environment)
  const minLength = given.PASSWORD_MIN_LENGTH
  const contextWords = contextWordsOf(given.ISSUER ?? undefined)
  const requireAcceptable = createPasswordPolicy({ minLength, contextWords })
  return { minLength, requireAcceptable, initialPasswordMs: given.RESET_CODE_SECONDS * 1000 }
}

/** These commands run without the service's settings, which are then taken to be long. */
function tokenSizeLimitOf(environment: Environment): AssertTokenFits {
  const { ISSUER: issuer = 'x'.repeat(100), AUDIENCE: audience = 'x'.repeat(100) } = environment
  const { RESOURCES, PUBLIC_CLIENTS } = settings
  const given = readSettings({ RESOURCES, PUBLIC_CLIENTS }, environment)
  return createTokenSizeLimit({
    issuer,
    audiences: [audience, ...given.RESOURCES],
    publicClients: given.PUBLIC_CLIENTS,
  })
}

/** Turns a problem of the service's rules into a usage error. */
function asUsageError(check: () => void): void {
  try {
    check()
  } catch (error) {
    const [field] = error instanceof ProblemError ? (error.extras.fields ?? []) : []
    throw field ? new UsageError(`${field.field} ${field.reason}`) : error
  }
}
