/** Logging in: check the password in constant time, then begin a session. */
import { randomUUID } from 'node:crypto'
import { type LoginRequest, Refusal } from '@gatehouse/contract'
import type { Prisma } from '../database/database.ts'
import { sha256 } from '../keys/hmac.ts'
import type { RefreshKeys } from '../keys/refreshKeys.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { LoginLimits } from '../rateLimits/loginLimits.ts'
import { replacePasswordHash } from '../store/accounts.ts'
import type { LoginStore } from '../store/loginBatch.ts'
import type { Grant } from '../store/rotateRefreshToken.ts'
import { writeTry } from '../store/writeAudit.ts'
import { newSecret, writeToken } from '../tokens/refreshToken.ts'
import { changeDemanded, mustNotBringNewPassword } from './forcedPasswordChange.ts'

export interface LoginRooms {
  db: Prisma
  store: Pick<LoginStore, 'start'>
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

/** Who knocks, as far as the connection tells. */
export interface Visitor {
  address: string
  userAgent: string | null
  requestId: string
}

export interface LoggedIn {
  grant: Grant
  refreshToken: string
}

/**
 * @throws Refusal `credentials-invalid` (unknown e-mail and wrong password alike), `account-disabled` (right password),
 * `rate-limited`, `overloaded`
 */
export async function login(rooms: LoginRooms, request: LoginRequest, visitor: Visitor): Promise<LoggedIn> {
  // A log-in beside this one may have re-hashed the same password: a second look finds the new hash, or that too much was tried.
  const loggedIn = (await check(rooms, request, visitor)) ?? (await check(rooms, request, visitor))
  if (loggedIn === undefined) throw new Refusal('credentials-invalid', 'the account changed during the log-in, twice')
  return loggedIn
}

/**
 * Returns nothing when, between the look at the account and the beginning of the session, the account changed or guesses that
 * were sent together with this one spent what was allowed.
 */
async function check(rooms: LoginRooms, request: LoginRequest, visitor: Visitor): Promise<LoggedIn | undefined> {
  const { db, passwords, limits } = rooms
  const tried = { email: request.email, address: visitor.address }
  const account = await limits.findAccount(tried)
  const isRight = await passwords.verify(request.password, account?.passwordHash)
  if (account === undefined || !isRight) {
    const isSpent = await limits.noteFailure(tried)
    const start = { action: 'session.start', target: account?.id ?? null }
    await writeTry(db, { ...start, outcome: 'credentials-invalid' }, visitor)
    // Once, when it begins: what is refused from now on must not fill the log.
    if (isSpent) await writeTry(db, { ...start, outcome: 'rate-limited' }, visitor)
    throw new Refusal('credentials-invalid', account ? 'wrong password' : 'unknown e-mail')
  }
  const mustChange = account.mustChangePassword && !account.isDisabled
  // These answers would tell that the password is right: not to somebody whose guesses are spent meanwhile.
  if (mustChange || request.newPassword !== undefined) await limits.findAccount(tried)
  if (!mustChange) mustNotBringNewPassword(request)
  const passwordHash = mustChange
    ? await changeDemanded(rooms, { account, request }, visitor)
    : await rehash(rooms, account, request.password)
  if (passwordHash === undefined) return undefined
  return begin(rooms, { ...request, accountId: account.id, passwordHash }, visitor)
}

/** Parameters grow over the years; the password is at hand only now. */
async function rehash(
  { db, passwords }: LoginRooms,
  account: { id: string; passwordHash: string },
  password: string,
): Promise<string> {
  if (!passwords.isOutdated(account.passwordHash)) return account.passwordHash
  const to = await passwords.hash(password)
  const isReplaced = await replacePasswordHash(db, { id: account.id, from: account.passwordHash, to })
  return isReplaced ? to : account.passwordHash
}

type Checked = LoginRequest & { accountId: string; passwordHash: string }

async function begin(rooms: LoginRooms, checked: Checked, visitor: Visitor): Promise<LoggedIn | undefined> {
  const { store, limits, refreshKeys, lifetimes } = rooms
  const { accountId, passwordHash, device = null, remember = true } = checked
  const secret = newSecret()
  const sessionId = randomUUID()
  const started = await store.start({
    ...visitor,
    quotas: limits.quotasOf({ email: checked.email, address: visitor.address }),
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
  if (started.kind === 'disabled') throw new Refusal('account-disabled', 'log-in to a disabled account')
  if (started.kind === 'gone') return undefined
  return { grant: started.grant, refreshToken: writeToken({ sessionId, generation: 0, secret }, refreshKeys) }
}
