/** Log-in: verifies the password in constant time, then starts a session. */
import { randomUUID } from 'node:crypto'
import { type LoginRequest, ProblemError } from '@gatehouse/contract'
import type { PrismaClient } from '../database/database.ts'
import type { ClientInfo } from '../http/clientInfo.ts'
import { sha256 } from '../keys/hmac.ts'
import type { RefreshKeys } from '../keys/refreshKeys.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { LoginLimits } from '../rateLimits/loginLimits.ts'
import { replacePasswordHash } from '../store/accounts.ts'
import type { LoginBatch } from '../store/loginBatch.ts'
import type { Grant } from '../store/rotateRefreshToken.ts'
import { writeRefusedAttempt } from '../store/writeAudit.ts'
import { encodeRefreshToken, newSecret } from '../tokens/refreshToken.ts'
import { forcePasswordChange, rejectUnexpectedNewPassword } from './forcedPasswordChange.ts'

export interface LoginDeps {
  db: PrismaClient
  loginBatch: Pick<LoginBatch, 'start'>
  passwords: Passwords
  limits: LoginLimits
  refreshKeys: RefreshKeys
  lifetimes: Lifetimes
}

/** Session lifetimes in seconds; `short...` applies to sessions without `remember`. */
export interface Lifetimes {
  session: number
  idle: number
  shortSession: number
  shortIdle: number
}

export interface LoggedIn {
  grant: Grant
  refreshToken: string
}

/**
 * @throws ProblemError `credentials-invalid` (for an unknown e-mail address and for a wrong password), `account-disabled` (right password),
 * `rate-limited`, `overloaded`
 */
export async function login(deps: LoginDeps, request: LoginRequest, clientInfo: ClientInfo): Promise<LoggedIn> {
  // A concurrent log-in may have replaced the hash of the same password. The second attempt reads the new hash, or finds
  // that the failure limit is reached.
  const loggedIn = (await check(deps, request, clientInfo)) ?? (await check(deps, request, clientInfo))
  if (loggedIn === undefined)
    throw new ProblemError('credentials-invalid', 'the account changed during the log-in, twice')
  return loggedIn
}

/**
 * @returns undefined when, between reading the account and starting the session, the account changed or concurrent failures
 * reached the limit
 */
async function check(deps: LoginDeps, request: LoginRequest, clientInfo: ClientInfo): Promise<LoggedIn | undefined> {
  const { db, passwords, limits } = deps
  const attempt = { email: request.email, address: clientInfo.address }
  const account = await limits.findAccount(attempt)
  const isRight = await passwords.verify(request.password, account?.passwordHash)
  if (account === undefined || !isRight) {
    const isLimitReached = await limits.recordFailure(attempt)
    const start = { action: 'session.start' as const, target: account?.id ?? null }
    await writeRefusedAttempt(db, { ...start, outcome: 'credentials-invalid' }, clientInfo)
    // Written once, when the limit is reached: later refusals must not fill the audit log.
    if (isLimitReached) await writeRefusedAttempt(db, { ...start, outcome: 'rate-limited' }, clientInfo)
    throw new ProblemError('credentials-invalid', account ? 'wrong password' : 'unknown e-mail')
  }
  const mustChange = account.mustChangePassword && !account.isDisabled
  // These responses reveal that the password is right, so the limit is read again first: concurrent guesses may have reached it.
  if (mustChange || request.newPassword !== undefined) await limits.findAccount(attempt)
  if (!mustChange) rejectUnexpectedNewPassword(request)
  const passwordHash = mustChange
    ? await forcePasswordChange(deps, { account, request }, clientInfo)
    : await rehash(deps, account, request.password)
  if (passwordHash === undefined) return undefined
  return startSession(deps, { ...request, accountId: account.id, passwordHash }, clientInfo)
}

/** Replaces a hash with outdated parameters: the password is known only during a log-in. */
async function rehash(
  { db, passwords }: LoginDeps,
  account: { id: string; passwordHash: string },
  password: string,
): Promise<string> {
  if (!passwords.isOutdated(account.passwordHash)) return account.passwordHash
  const to = await passwords.hash(password)
  const isReplaced = await replacePasswordHash(db, { id: account.id, from: account.passwordHash, to })
  return isReplaced ? to : account.passwordHash
}

type CheckedLogin = LoginRequest & { accountId: string; passwordHash: string }

async function startSession(
  deps: LoginDeps,
  checked: CheckedLogin,
  clientInfo: ClientInfo,
): Promise<LoggedIn | undefined> {
  const { loginBatch, limits, refreshKeys, lifetimes } = deps
  const { accountId, passwordHash, device = null, remember = true } = checked
  const secret = newSecret()
  const sessionId = randomUUID()
  const started = await loginBatch.start({
    ...clientInfo,
    quotas: limits.quotasOf({ email: checked.email, address: clientInfo.address }),
    accountId,
    passwordHash,
    device,
    remember,
    sessionId,
    clientId: 'first-party',
    lifetimeSeconds: remember ? lifetimes.session : lifetimes.shortSession,
    idleSeconds: remember ? lifetimes.idle : lifetimes.shortIdle,
    secretHash: sha256(secret),
  })
  if (started.kind === 'disabled') throw new ProblemError('account-disabled', 'log-in to a disabled account')
  if (started.kind === 'gone') return undefined
  return { grant: started.grant, refreshToken: encodeRefreshToken({ sessionId, generation: 0, secret }, refreshKeys) }
}
