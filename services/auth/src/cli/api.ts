/** Calls the service's API with the saved log-in, renewing it when it is told to. */
import type { Problem, SessionTokens } from '@gatehouse/contract'
import { type CredentialsFile, newIdempotencyKey, type SavedLogin } from './credentialsFile.ts'

export interface ApiCall {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  headers?: Record<string, string>
}

export interface ApiResponse<Body = unknown> {
  status: number
  headers: Headers
  body: Body
}

export interface Api {
  /** @throws ApiError when it is refused, NotLoggedIn */
  call: <Body>(path: string, call?: ApiCall) => Promise<ApiResponse<Body>>
  /** The answer as it comes, for what is too long to hold. */
  stream: (path: string) => Promise<Response>
}

/** The service said no, or cannot be reached. */
export class ApiError extends Error {
  readonly problem: Pick<Problem, 'code' | 'action'> | undefined

  constructor(message: string, problem?: Problem) {
    super(message)
    this.problem = problem
  }
}

export class NotLoggedInError extends Error {}

/** Longer than any revocation takes to be in force, and than 100,000 sessions take to end. */
const timeoutMs = 120_000

export function createApi(credentialsFile: CredentialsFile): Api {
  const stream: Api['stream'] = async path => (await callWithRenewal(credentialsFile, path, {})).response
  const call: Api['call'] = async <Body>(path: string, wanted: ApiCall = {}) => {
    const { response } = await callWithRenewal(credentialsFile, path, wanted)
    return { status: response.status, headers: response.headers, body: (await jsonOf(response)) as Body }
  }
  return { call, stream }
}

async function callWithRenewal(
  credentialsFile: CredentialsFile,
  path: string,
  wanted: ApiCall,
): Promise<{ response: Response }> {
  const login = await credentialsFile.read()
  if (login === undefined) throw new NotLoggedInError('Nobody is logged in. Run: gatehouse login --url URL --email E')
  const response = await send(login.url + path, withToken(wanted, login))
  if (response.ok) return { response }
  const problem = await problemOf(response)
  if (problem.problem?.action !== 'renew') throw await forgetIfSignedOut(credentialsFile, problem)
  const again = await send(login.url + path, withToken(wanted, await renew(credentialsFile, login)))
  if (again.ok) return { response: again }
  throw await forgetIfSignedOut(credentialsFile, await problemOf(again))
}

/** The attempt was saved before, so an answer that is lost now is fetched by the next call, hours later if need be. */
async function renew(credentialsFile: CredentialsFile, login: SavedLogin): Promise<SavedLogin> {
  const response = await send(`${login.url}/session/renew`, {
    method: 'POST',
    body: { refreshToken: login.refreshToken },
    headers: { 'idempotency-key': login.idempotencyKey },
  })
  if (!response.ok) throw await forgetIfSignedOut(credentialsFile, await problemOf(response))
  const { accessToken, refreshToken = '' } = (await response.json()) as SessionTokens
  const renewed = { ...login, accessToken, refreshToken, attempt: newIdempotencyKey() }
  await credentialsFile.write(renewed)
  return renewed
}

/** Only `login` signs out: a service in trouble takes nothing away. */
async function forgetIfSignedOut(credentialsFile: CredentialsFile, error: ApiError): Promise<ApiError> {
  if (error.problem?.action === 'login') await credentialsFile.forget()
  return error
}

export async function send(url: string, { method = 'GET', body, headers = {} }: ApiCall): Promise<Response> {
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  const request = {
    method,
    headers: { 'user-agent': 'gatehouse-cli', ...json, ...headers },
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }
  return fetch(url, request).catch(error => {
    throw new ApiError(`${new URL(url).origin} cannot be reached: ${error.cause?.code ?? error.message}`)
  })
}

export async function problemOf(response: Response): Promise<ApiError> {
  const problem = (await jsonOf(response)) as Problem | null
  if (problem?.code === undefined) return new ApiError(`answered ${response.status} without saying why`)
  return new ApiError(`${problem.title} (${problem.code}) ${problem.detail}`, problem)
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
