/** Device authorization (RFC 8628): a device gets a session of a user who approves its code elsewhere. */
import { randomBytes, randomUUID } from 'node:crypto'
import { ProblemError } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'
import type { Db } from '../database/database.ts'
import { checkSession } from '../http/authenticate.ts'
import { type ClientInfo, clientInfoOf } from '../http/clientInfo.ts'
import { sha256 } from '../keys/hmac.ts'
import { addressKey } from '../rateLimits/addressKey.ts'
import type { FailureLimits } from '../rateLimits/failureLimits.ts'
import type { SharedCounter } from '../rateLimits/sharedCounter.ts'
import type { AccessTokenContents } from '../store/accessTokenContents.ts'
import {
  createDeviceAuthorization,
  deleteDevice,
  findApproval,
  type LockedDevice,
  pollDevice,
} from '../store/deviceAuthorizations.ts'
import { lockSubject, startExchangedSession } from '../store/exchangeSession.ts'
import { readCaller } from '../store/readCaller.ts'
import { writeAudit } from '../store/writeAudit.ts'
import { commandLine, firstParty } from '../tokens/firstParty.ts'
import { encodeRefreshToken, newSecret } from '../tokens/refreshToken.ts'
import { decodeTagged, encodeTagged, type TokenFormat } from '../tokens/taggedToken.ts'
import { requestedAudience } from './audience.ts'
import { requirePublicClient } from './client.ts'
import { OAuthError } from './errors.ts'
import type { ExchangeDeps } from './exchange.ts'
import { type Form, requireParameter } from './form.ts'
import type { GrantResult } from './grants.ts'
import { formatUserCode, newUserCode } from './userCode.ts'

export interface DeviceDeps extends ExchangeDeps {
  /** New codes from one address. */
  deviceLimit: SharedCounter
  /** Polls with unknown codes: of each code that the service has issued, and of all others from one address. */
  devicePolls: FailureLimits
}

const lifetimeSeconds = 600
const intervalSeconds = 5
/** The tag shows which codes the service has issued, without a statement. */
const codeFormat: TokenFormat = { prefix: 'gha_', purpose: 'tag', tag: 34, end: 50 }
const scopeText = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/

/** @throws OAuthError `invalid_client`, `invalid_scope`, `invalid_target`; ProblemError `rate-limited`, `overloaded` */
export async function authorizeDevice(deps: DeviceDeps, request: FastifyRequest, form: Form) {
  const clientId = await requirePublicClient(deps, request, form)
  const [ownAudience = ''] = deps.audiences
  const audience = requestedAudience(form, deps.audiences) ?? ownAudience
  if (clientId === commandLine && audience !== ownAudience)
    throw new OAuthError('invalid_target', 'The command line calls this service only.')
  const scope = form['scope'] ?? null
  if (scope !== null && (scope.length > 1000 || !scopeText.test(scope)))
    throw new OAuthError('invalid_scope', 'The scope is malformed.')
  const { points, leftMs } = await deps.deviceLimit.add(addressKey(clientInfoOf(request).address))
  if (points > deps.deviceLimit.max)
    throw new ProblemError('rate-limited', 'too many new device codes', { retryAfterSeconds: leftMs / 1000 })
  const deviceCode = encodeTagged(randomBytes(codeFormat.end), codeFormat, deps.refreshKeys)
  const userCode = newUserCode()
  const { address } = clientInfoOf(request)
  const authorization = { deviceCodeHash: sha256(deviceCode), userCode, clientId, scope, audience, address }
  if (!(await createDeviceAuthorization(deps.db, { ...authorization, lifetimeSeconds, intervalSeconds })))
    throw new ProblemError('overloaded', 'too many devices wait')
  const uri = `${deps.issuer}/account/device`
  return {
    device_code: deviceCode,
    user_code: formatUserCode(userCode),
    verification_uri: uri,
    // A link in a message must not lead to a log-in: the user types the code (section 5.4).
    ...(clientId === commandLine ? {} : { verification_uri_complete: `${uri}?user_code=${formatUserCode(userCode)}` }),
    expires_in: lifetimeSeconds,
    interval: intervalSeconds,
  }
}

/**
 * Answers a poll (section 3.4). The code is used once, in the transaction that starts the session.
 * @throws OAuthError `authorization_pending`, `slow_down`, `expired_token`, `access_denied`, `invalid_grant`
 */
export async function deviceGrant(deps: DeviceDeps, request: FastifyRequest, form: Form): Promise<GrantResult> {
  const deviceCode = requireParameter(form, 'device_code')
  const deviceCodeHash = sha256(deviceCode)
  const clientId = await requirePublicClient(deps, request, form)
  const clientInfo = clientInfoOf(request)
  // So invented codes slow down no device behind the same address.
  const isIssued = decodeTagged(deviceCode, codeFormat, deps.refreshKeys) !== undefined
  const limitKey = isIssued ? deviceCodeHash.toString('hex') : addressKey(clientInfo.address)
  requireSlowPolls(deps.devicePolls, limitKey)
  const secret = newSecret()
  // A refusal is returned: thrown inside, it would roll back the time of the poll.
  const result = await deps.db.$transaction(async tx => {
    // The account is locked before the device, so that a password change that runs now has denied the device.
    const approval = await findApproval(tx, deviceCodeHash)
    if (approval !== undefined) await lockSubject(tx, approval)
    const device = await pollDevice(tx, { deviceCodeHash, clientId })
    if (device === undefined) return refusals.unknown
    const refusal = refusalOf(device)
    if (refusal !== undefined && device.decision !== 'denied') return refusal
    await deleteDevice(tx, deviceCodeHash)
    if (refusal !== undefined) return refusal
    return (await startSession(deps, tx, { device, clientId, secret, clientInfo })) ?? refusals.denied
  })
  if (result === refusals.unknown) await deps.devicePolls.recordFailure(limitKey)
  if (result instanceof OAuthError) throw result
  await deps.endSurplusSessions(result.accountId, clientInfo)
  const { sessionId } = result
  return { contents: result, refreshToken: encodeRefreshToken({ sessionId, generation: 0, secret }, deps.refreshKeys) }
}

/** @throws OAuthError `slow_down` after too many unknown codes (section 3.5); costs no statement */
function requireSlowPolls(devicePolls: FailureLimits, key: string): void {
  try {
    devicePolls.requireAllowed(key)
  } catch {
    throw refusals.early
  }
}

const refusals = {
  unknown: new OAuthError('invalid_grant', 'The device code is not known.'),
  expired: new OAuthError('expired_token', 'The device code has expired.'),
  denied: new OAuthError('access_denied', 'The user has denied the request, or may not approve it any more.'),
  early: new OAuthError('slow_down', 'The device polls too often.'),
  pending: new OAuthError('authorization_pending', 'The user has not decided yet.'),
}

function refusalOf({ isExpired, decision, isTooEarly }: LockedDevice): OAuthError | undefined {
  if (isExpired) return refusals.expired
  if (decision === 'denied') return refusals.denied
  if (isTooEarly) return refusals.early
  return decision === null ? refusals.pending : undefined
}

interface ApprovedDevice {
  device: LockedDevice
  clientId: string
  secret: Buffer
  clientInfo: ClientInfo
}

/** The session in which the user approved must still be active, so that a revocation also covers what it approved. */
async function startSession(
  { lifetimes }: DeviceDeps,
  tx: Db,
  { device, clientId, secret, clientInfo }: ApprovedDevice,
): Promise<AccessTokenContents | undefined> {
  const { accountId, sessionId, authTime, audience } = device
  if (accountId === null || sessionId === null || authTime === null) return undefined
  await lockSubject(tx, { accountId, sessionId })
  if (checkSession(await readCaller(tx, { id: accountId, sid: sessionId })) !== undefined) return undefined
  const isLogin = clientId === commandLine
  // The approval has limited the scope to what the user was shown.
  const scope = isLogin ? device.scope : (device.scope ?? '')
  const subject = { accountId, sessionId, authTime, clientId: isLogin ? firstParty : clientId, scope, audience }
  const login = isLogin ? { device: 'Command line, approved with a code', maxSeconds: lifetimes.shortSession } : {}
  const idle = { idle: lifetimes.idle, shortIdle: lifetimes.shortIdle }
  const session = { ...subject, ...login, ...clientInfo, newSessionId: randomUUID(), secretHash: sha256(secret), idle }
  const contents = await startExchangedSession(tx, session)
  if (contents === undefined) return undefined
  const detail = { session: contents.sessionId, approvedBy: sessionId, client: clientId, scope, audience }
  await writeAudit(tx, { actor: clientId, ...clientInfo }, { action: 'session.device', target: accountId, detail })
  return contents
}
