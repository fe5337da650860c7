/** Logging in: check the password in constant time, then begin a session. */
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

/** In seconds; a session without `remember` is a short one. */
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
 * @throws Refusal `credentials-invalid` (unknown e-mail and wrong password alike), `account-disabled` (right password),
 * `rate-limited`, `overloaded`
 */
export async function login(deps: LoginDeps, request: LoginRequest, clientInfo: ClientInfo): Promise<LoggedIn> {
  // A log-in beside this one may have re-hashed the same password: a second look finds the new hash, or that too much was tried.
  const loggedIn = (await check(deps, request, clientInfo)) ?? (await check(deps, request, clientInfo))
  if (loggedIn === undefined)
    throw new ProblemError('credentials-invalid', 'the account changed during the log-in, twice')
  return loggedIn
}

/**
 * Returns nothing when, between the look at the account and the beginning of the session, the account changed or guesses that
 * were sent together with this one spent what was allowed.
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
    // Once, when it begins: what is refused from now on must not fill the log.
    if (isLimitReached) await writeRefusedAttempt(db, { ...start, outcome: 'rate-limited' }, clientInfo)
    throw new ProblemError('credentials-invalid', account ? 'wrong password' : 'unknown e-mail')
  }
  const mustChange = account.mustChangePassword && !account.isDisabled
  // These answers would tell that the password is right: not to somebody whose guesses are spent meanwhile.
  if (mustChange || request.newPassword !== undefined) await limits.findAccount(attempt)
  if (!mustChange) rejectUnexpectedNewPassword(request)
  const passwordHash = mustChange
    ? await forcePasswordChange(deps, { account, request }, clientInfo)
    : await rehash(deps, account, request.password)
  if (passwordHash === undefined) return undefined
  return startSession(deps, { ...request, accountId: account.id, passwordHash }, clientInfo)
}

/** Parameters grow over the years; the password is at hand only now. */
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
