/** Calls the API of the service with the saved log-in, which it renews or confirms when a problem says so. */
import type { Action, Problem, SessionTokens } from '@gatehouse/contract'
import { type CredentialsFile, newIdempotencyKey, type SavedLogin } from './credentialsFile.ts'
import { UsageError } from './options.ts'
import { askSecretly } from './prompts.ts'

export interface ApiCall {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  /** Sent as a form, instead of a body of JSON. */
  form?: Record<string, string>
  headers?: Record<string, string>
  /** The answer may last as long as it arrives: `fetch` limits each pause to five minutes. */
  isStream?: boolean
}

export interface ApiResponse<Body = unknown> {
  status: number
  headers: Headers
  body: Body
}

export interface Api {
  /** @throws ApiError, NotLoggedInError */
  call: <Body>(path: string, call?: ApiCall) => Promise<ApiResponse<Body>>
  /** The response with its body unread. */
  stream: (path: string) => Promise<Response>
}

/** The service refused the request or cannot be reached. */
export class ApiError extends Error {
  readonly problem: Pick<Problem, 'code' | 'action'> | undefined

  constructor(message: string, problem?: ApiError['problem']) {
    super(message)
    this.problem = problem
  }
}

export class NotLoggedInError extends Error {}

/** A log-in was refused; the message says why. */
export class RefusedError extends Error {}

/** Exceeds the time until a revocation is in force, and the time to end 100,000 sessions. */
const timeoutMs = 120_000

/** @param password answers a demand to confirm the password; the terminal is asked when undefined */
export function createApi(credentialsFile: CredentialsFile, password?: string): Api {
  const recoveries: Recoveries = {
    renew: login => renew(credentialsFile, login),
    reauthenticate: login => reauthenticate(credentialsFile, login, password),
  }
  const deps = { credentialsFile, recoveries }
  const stream: Api['stream'] = async path => (await callWithRecovery(deps, path, { isStream: true })).response
  const call: Api['call'] = async <Body>(path: string, request: ApiCall = {}) => {
    const { response } = await callWithRecovery(deps, path, request)
    return { status: response.status, headers: response.headers, body: (await jsonOf(response)) as Body }
  }
  return { call, stream }
}

/** What the actions of problems do to the saved log-in before the call is repeated. */
type Recoveries = Partial<Record<Action, (login: SavedLogin) => Promise<SavedLogin>>>

/** Repeats the call at most once for each action. */
async function callWithRecovery(
  { credentialsFile, recoveries }: { credentialsFile: CredentialsFile; recoveries: Recoveries },
  path: string,
  request: ApiCall,
): Promise<{ response: Response }> {
  let login = await credentialsFile.read()
  if (login === undefined)
    throw new NotLoggedInError('Not logged in. Run: gatehouse login --url URL --email E, or --device')
  const left = { ...recoveries }
  for (;;) {
    const response = await send(login.url + path, withToken(request, login))
    if (response.ok) return { response }
    const error = await problemOf(response)
    const action = error.problem?.action
    const recover = action && left[action]
    if (recover === undefined) throw await forgetIfSignedOut(credentialsFile, error)
    delete left[action as Action]
    login = await recover(login)
  }
}

/** Confirms the password of the session (RFC 9470). */
async function reauthenticate(
  credentialsFile: CredentialsFile,
  login: SavedLogin,
  known: string | undefined,
): Promise<SavedLogin> {
  const password = known ?? (await askSecretly(`This command needs a recent log-in. Password of ${login.email}: `))
  if (password === '') throw new UsageError('this command needs a recent log-in: set CURRENT_PASSWORD')
  const call = withToken({ method: 'POST', body: { password } }, login)
  const response = await send(`${login.url}/session/reauthenticate`, call)
  if (!response.ok) throw await forgetIfSignedOut(credentialsFile, await problemOf(response))
  const { accessToken } = (await response.json()) as SessionTokens
  const confirmed = { ...login, accessToken }
  await credentialsFile.write(confirmed)
  return confirmed
}

/**
 * The Idempotency-Key was saved before. If the response is lost, the next call repeats the renewal
 * with the same key.
 */
async function renew(credentialsFile: CredentialsFile, login: SavedLogin): Promise<SavedLogin> {
  const response = await send(`${login.url}/session/renew`, {
    method: 'POST',
    body: { refreshToken: login.refreshToken },
    headers: { 'idempotency-key': login.idempotencyKey },
  })
  if (!response.ok) throw await forgetIfSignedOut(credentialsFile, await problemOf(response))
  const { accessToken, refreshToken = '' } = (await response.json()) as SessionTokens
  const renewed = { ...login, accessToken, refreshToken, idempotencyKey: newIdempotencyKey() }
  await credentialsFile.write(renewed)
  return renewed
}

/** Only the action `login` deletes the saved log-in; an unavailable service does not. */
async function forgetIfSignedOut(credentialsFile: CredentialsFile, error: ApiError): Promise<ApiError> {
  if (error.problem?.action === 'login') await credentialsFile.forget()
  return error
}

export async function send(url: string, call: ApiCall): Promise<Response> {
  const { method = 'GET', body, form, headers = {}, isStream = false } = call
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  const request = {
    method,
    headers: { 'user-agent': 'gatehouse-cli', ...json, ...headers },
    ...(isStream ? {} : { signal: AbortSignal.timeout(timeoutMs) }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // `fetch` adds the media type of a form.
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
  }
  return fetch(url, request).catch(error => {
    throw new ApiError(`${new URL(url).origin} cannot be reached: ${error.cause?.code ?? error.message}`)
  })
}

export async function problemOf(response: Response): Promise<ApiError> {
  const problem = (await jsonOf(response)) as Problem | null
  if (problem?.code === undefined)
    return new ApiError(`the service answered ${response.status} without a problem document`)
  const { title, code, detail } = problem
  return new ApiError(detail === title ? `${title} (${code})` : `${title} (${code}) ${detail}`, problem)
}

function withToken(call: ApiCall, { accessToken }: SavedLogin): ApiCall {
  return { ...call, headers: { ...call.headers, authorization: `Bearer ${accessToken}` } }
}

async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
