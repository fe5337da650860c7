/** Log-in: verifies the password in constant time, then starts a session. */
import { randomUUID } from 'node:crypto'
import { type LoginRequest, type ProblemCode, ProblemError } from '@gatehouse/contract'
import type { PrismaClient } from '../database/database.ts'
import type { ClientInfo } from '../http/clientInfo.ts'
import { sha256 } from '../keys/hmac.ts'
import type { RefreshKeys } from '../keys/refreshKeys.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { LoginLimits, LoginPermit } from '../rateLimits/loginLimits.ts'
import type { AccessTokenContents } from '../store/accessTokenContents.ts'
import { replacePasswordHash } from '../store/accounts.ts'
import type { LoginBatch } from '../store/loginBatch.ts'
import type { LoginAccount } from '../store/readLogin.ts'
import { writeRefusedAttempt } from '../store/writeAudit.ts'
import type { Device } from '../tokens/deviceToken.ts'
import { firstParty } from '../tokens/firstParty.ts'
import { encodeRefreshToken, newSecret } from '../tokens/refreshToken.ts'
import { forcePasswordChange, rejectUnexpectedNewPassword } from './forcedPasswordChange.ts'
import type { EndSurplusSessions } from './sessionLimit.ts'

export interface LoginDeps {
  db: PrismaClient
  loginBatch: Pick<LoginBatch, 'start'>
  passwords: Passwords
  limits: LoginLimits
  refreshKeys: RefreshKeys
  lifetimes: Lifetimes
  endSurplusSessions: EndSurplusSessions
}

/** Session lifetimes in seconds; `short...` applies to sessions without `remember`. */
export interface Lifetimes {
  session: number
  idle: number
  shortSession: number
  shortIdle: number
}

/** The request and the client that sent it. */
export interface LoginClient extends ClientInfo {
  /** Accounts that the client proves to have logged in to before. */
  devices: readonly Device[]
}

export interface LoggedIn {
  contents: AccessTokenContents
  refreshToken: string
}

/**
 * @throws ProblemError `credentials-invalid` (for an unknown e-mail address and for a wrong password), `account-disabled`,
 * `password-change-required` and `password-expired` (right password), `known-device-required`, `rate-limited`, `overloaded`
 */
export async function login(deps: LoginDeps, request: LoginRequest, client: LoginClient): Promise<LoggedIn> {
  // A concurrent log-in may have replaced the hash of the same password. The second attempt reads the new hash, or finds
  // that the failure limit is reached.
  const loggedIn = (await attemptLogin(deps, request, client)) ?? (await attemptLogin(deps, request, client))
  if (loggedIn === undefined)
    throw new ProblemError('credentials-invalid', 'the account changed during the log-in, twice')
  await deps.endSurplusSessions(loggedIn.contents.accountId, client)
  return loggedIn
}

/**
 * @returns undefined when, between reading the account and starting the session, the account changed or concurrent failures
 * reached the limit
 */
async function attemptLogin(
  deps: LoginDeps,
  request: LoginRequest,
  client: LoginClient,
): Promise<LoggedIn | undefined> {
  const { db, passwords, limits } = deps
  const permit = await limits.admit({ email: request.email, address: client.address, devices: client.devices })
  const { account } = permit
  const isRight = await passwords.verify(request.password, account?.passwordHash)
  const start = { action: 'session.start' as const, target: account?.id ?? null }
  const fail = async (outcome: ProblemCode) => {
    const isLimitReached = await permit.recordFailure()
    // The statement that starts sessions has already audited a disabled account.
    if (outcome !== 'account-disabled') await writeRefusedAttempt(db, client, { ...start, outcome })
    // Written once, when the limit is reached: later refusals must not fill the audit log.
    if (isLimitReached) await writeRefusedAttempt(db, client, { ...start, outcome: 'rate-limited' })
  }
  if (account === undefined || !isRight) {
    await fail('credentials-invalid')
    throw new ProblemError('credentials-invalid', account ? 'wrong password' : 'unknown e-mail')
  }
  try {
    const loggedIn = await startVerified(deps, { request, permit, account }, client)
    if (loggedIn !== undefined) await permit.recordSuccess()
    return loggedIn
  } catch (error) {
    // These responses reveal that the password is right: each is audited and counted like a wrong password, and before it
    // is sent, so that concurrent guesses cannot use it.
    if (error instanceof ProblemError && codesAfterRightPassword.includes(error.code)) await fail(error.code)
    throw error
  }
}

const codesAfterRightPassword: readonly ProblemCode[] = [
  'account-disabled',
  'password-change-required',
  'password-expired',
  'request-malformed',
  // The queue was full when the new password was to be hashed.
  'overloaded',
]

interface Verified {
  request: LoginRequest
  permit: LoginPermit
  account: LoginAccount
}

/** Changes or rehashes the password where that is due, then starts the session. */
async function startVerified(
  deps: LoginDeps,
  { request, permit, account }: Verified,
  client: LoginClient,
): Promise<LoggedIn | undefined> {
  const mustChange = account.mustChangePassword && !account.isDisabled
  if (mustChange && account.isPasswordExpired)
    throw new ProblemError('password-expired', 'an expired initial password or reset code')
  if (!mustChange) rejectUnexpectedNewPassword(request)
  const passwordHash = mustChange
    ? await forcePasswordChange(deps, { account, request }, client)
    : await rehash(deps, account, request.password)
  if (passwordHash === undefined) return undefined
  return startSession(deps, { ...request, accountId: account.id, passwordHash, quotas: permit.quotas }, client)
}

/** Replaces a hash with outdated parameters: the password is known only during a log-in. */
async function rehash(
  { db, passwords }: LoginDeps,
  account: { id: string; passwordHash: string },
  password: string,
): Promise<string> {
  if (!passwords.isOutdated(account.passwordHash)) return account.passwordHash
  const to = await passwords.hash(password).catch(ignoreOverload)
  if (to === undefined) return account.passwordHash
  const isReplaced = await replacePasswordHash(db, { id: account.id, from: account.passwordHash, to })
  return isReplaced ? to : account.passwordHash
}

/** The log-in does not need the new hash: the next one replaces it. */
function ignoreOverload(error: unknown): undefined {
  if (!(error instanceof ProblemError) || error.code !== 'overloaded') throw error
}

type CheckedLogin = LoginRequest & { accountId: string; passwordHash: string } & Pick<LoginPermit, 'quotas'>

async function startSession(
  { loginBatch, refreshKeys, lifetimes }: LoginDeps,
  checked: CheckedLogin,
  { address, userAgent, requestId }: LoginClient,
): Promise<LoggedIn | undefined> {
  const { accountId, passwordHash, quotas, device = null, remember = true } = checked
  const secret = newSecret()
  const sessionId = randomUUID()
  const started = await loginBatch.start({
    address,
    userAgent,
    requestId,
    quotas,
    accountId,
    passwordHash,
    device,
    remember,
    sessionId,
    clientId: firstParty,
    lifetimeSeconds: remember ? lifetimes.session : lifetimes.shortSession,
    idleSeconds: remember ? lifetimes.idle : lifetimes.shortIdle,
    secretHash: sha256(secret),
  })
  if (started.kind === 'disabled') throw new ProblemError('account-disabled', 'log-in to a disabled account')
  if (started.kind === 'gone') return undefined
  return {
    contents: started.contents,
    refreshToken: encodeRefreshToken({ sessionId, generation: 0, secret }, refreshKeys),
  }
}
