/** Authenticates OAuth clients by HTTP Basic or form parameters (RFC 6749 section 2.3.1), not by both. */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'
import type { Db } from '../database/database.ts'
import { decodeBasic } from '../http/basicAuth.ts'
import { clientInfoOf } from '../http/clientInfo.ts'
import { sha256 } from '../keys/hmac.ts'
import type { ClientLimits } from '../rateLimits/clientLimits.ts'
import { type AuthenticatedClient, authenticateClient, hasServiceClient } from '../store/serviceClients.ts'
import { commandLine, firstParty } from '../tokens/firstParty.ts'
import { assertionType, authenticateByAssertion, clientNamedBy, isSignedBy } from './assertion.ts'
import { OAuthError } from './errors.ts'
import type { Form } from './form.ts'

export interface ClientDeps {
  db: Db
  clients: ClientLimits
  /** The audience of client assertions. */
  issuer: string
}

/**
 * @returns the client; undefined when the request carries no secret, as a public client's request
 * @throws ProblemError `client-invalid`, `rate-limited`; OAuthError `invalid_request`
 */
export async function clientOf(
  deps: ClientDeps,
  request: FastifyRequest,
  form: Form,
): Promise<AuthenticatedClient | undefined> {
  const { db, clients } = deps
  if (form['client_assertion'] !== undefined || form['client_assertion_type'] !== undefined)
    return assertedClient(deps, request, form)
  const presented = credentialsOf(request, form)
  if (presented === undefined) return undefined
  return clients.withClientLimit({ ...presented, ...clientInfoOf(request) }, async () => {
    const client = await authenticateClient(db, presented)
    if (client === undefined) throw new ProblemError('client-invalid', 'unknown client or wrong secret')
    return client
  })
}

/** RFC 7521 section 4.2: the assertion is the only authentication, and a `client_id` beside it is that of the assertion. */
async function assertedClient(deps: ClientDeps, request: FastifyRequest, form: Form): Promise<AuthenticatedClient> {
  const { client_assertion: assertion = '', client_assertion_type: type, client_id, client_secret } = form
  if (request.headers.authorization !== undefined || client_secret !== undefined)
    throw new OAuthError('invalid_request', 'The client must use one authentication method.')
  const id = clientNamedBy(assertion) ?? ''
  const { knownKeys } = deps.clients
  const isProven = isSignedBy(assertion, knownKeys.get(id))
  return deps.clients.withClientLimit({ id, isProven, ...clientInfoOf(request) }, async () => {
    if (type !== assertionType || (client_id !== undefined && client_id !== id))
      throw new ProblemError('client-invalid', 'another assertion type or client_id')
    return authenticateByAssertion({ ...deps, knownKeys }, assertion)
  })
}

/** @throws ProblemError `client-invalid`, also when the request carries no secret; otherwise as `clientOf` */
export async function requireClient(
  deps: ClientDeps,
  request: FastifyRequest,
  form: Form,
): Promise<AuthenticatedClient> {
  const client = await clientOf(deps, request, form)
  if (client === undefined) throw new ProblemError('client-invalid', 'no client credentials')
  return client
}

export interface PublicClientDeps {
  db: Db
  /** Clients without a secret that may use device authorization. */
  publicClients: readonly string[]
}

/**
 * The client of a request that may come without a secret: an authenticated client, a public client, or that of log-ins.
 * @returns its id, and its scopes when it is authenticated; undefined when any other client only names itself
 * @throws as `clientOf`
 */
export async function presentingClient(
  deps: PublicClientDeps & ClientDeps,
  request: FastifyRequest,
  form: Form,
): Promise<{ id: string; scopes: readonly string[] | null } | undefined> {
  const client = await clientOf(deps, request, form)
  if (client !== undefined) return client
  const { id = firstParty } = presentedClient(request, form)
  if (id === firstParty || id === commandLine) return { id: firstParty, scopes: null }
  return (await isPublicClient(deps, id)) ? { id, scopes: null } : undefined
}

/**
 * A client names itself in the form, or by Basic with an empty secret, which libraries send for public clients.
 * @returns the id of a public client that may start sessions
 * @throws ProblemError `client-invalid` for any other client, and for one that sends a secret
 */
export async function requirePublicClient(
  deps: PublicClientDeps,
  request: FastifyRequest,
  form: Form,
): Promise<string> {
  const { id = '', secret } = presentedClient(request, form)
  if (secret === undefined && (await isPublicClient(deps, id))) return id
  throw new ProblemError('client-invalid', 'not a public client')
}

/** An id that also belongs to a service client is confidential, whatever PUBLIC_CLIENTS says. */
async function isPublicClient({ db, publicClients }: PublicClientDeps, id: string): Promise<boolean> {
  return publicClients.includes(id) && !(await hasServiceClient(db, id))
}

function credentialsOf(request: FastifyRequest, form: Form): { id: string; secretHash: Buffer } | undefined {
  const { id, secret } = presentedClient(request, form)
  return id === undefined || secret === undefined ? undefined : { id, secretHash: sha256(secret) }
}

function presentedClient(request: FastifyRequest, form: Form): { id: string | undefined; secret: string | undefined } {
  const authorization = request.headers.authorization
  const { client_id: id, client_secret: secret } = form
  if (authorization === undefined) return { id, secret }
  const presented = decodeBasic(authorization)
  if (secret !== undefined || (id !== undefined && id !== presented.id))
    throw new OAuthError('invalid_request', 'The client must use one authentication method.')
  return { id: presented.id, secret: presented.secret === '' ? undefined : presented.secret }
}
