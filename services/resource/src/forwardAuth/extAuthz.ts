/** Answers Envoy's external authorization over gRPC (ext_authz), as Envoy, Istio and other meshes send it. */

import { type ProblemCode, ProblemError, problemResponse } from '@gatehouse/contract'
import { type Guard, parseRouteRule } from '@gatehouse/guard'
import { createFailureLog } from '@gatehouse/http'
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { FastifyBaseLogger } from 'fastify'
import { protoFile } from '../protoFile.ts'
import { identityOf } from './identity.ts'
import { requireScopes, scopesIn } from './scopes.ts'

export interface ExtAuthzOptions {
  guard: Guard
  host: string
  /** 0 chooses a free port. */
  port: number
  /** Scopes that every request needs. */
  scope: readonly string[]
  problemBase: string
  realm: string
  log: FastifyBaseLogger
}

/** The fields that are read. `context_extensions` come from the route's configuration, never from a client. */
interface CheckRequest {
  attributes?: {
    request?: { http?: { id?: string; headers?: Record<string, string> } }
    context_extensions?: Record<string, string>
  }
}

interface HeaderOption {
  header: { key: string; value: string }
  append_action: 'OVERWRITE_IF_EXISTS_OR_ADD'
}

interface CheckResponse {
  status: { code: number }
  ok_response?: { headers: HeaderOption[]; headers_to_remove: string[] }
  denied_response?: { status: { code: number }; headers: HeaderOption[]; body: string }
}

/** google.rpc.Code: any code but OK refuses the request. */
const codes = { ok: 0, permissionDenied: 7, unauthenticated: 16 }
/** A request of Envoy with all header fields is far smaller. */
const maxMessageBytes = 262_144
const serviceName = 'envoy.service.auth.v3.Authorization'

/** Starts the server. @returns its port, and a function that answers running calls and stops it */
export async function startExtAuthz(options: ExtAuthzOptions): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = new Server({ 'grpc.max_receive_message_length': maxMessageBytes })
  const rule = parseRouteRule({ scope: options.scope }, 'ext_authz')
  const logFailure = createFailureLog()
  const definition = loadSync(protoFile, { keepCase: true, enums: String })
  server.addService(definition[serviceName] as ServiceDefinition, {
    Check(call: ServerUnaryCall<CheckRequest, CheckResponse>, callback: sendUnaryData<CheckResponse>) {
      const { request, context_extensions: extensions } = call.request.attributes ?? {}
      const authorization = request?.http?.headers?.['authorization']
      const decide = async () => {
        const caller = await options.guard.check({ authorization }, rule)
        requireScopes(caller, scopesIn(extensions?.['scope'], 'context_extensions/scope'))
        return admitted(identityOf(caller))
      }
      decide()
        .catch(error => {
          logFailure(options.log, { code: codeOf(error), cause: error })
          return denied(error, { ...options, requestId: request?.http?.id ?? '' })
        })
        .then(response => callback(null, response))
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    const address = `${options.host}:${options.port}`
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  const stop = () => new Promise<void>(resolve => server.tryShutdown(() => resolve()))
  return { port, stop }
}

/** Envoy drops a header with an empty value, and would leave that of the client: so it is removed. */
function admitted(identity: Record<string, string>): CheckResponse {
  const isEmpty = ([, value]: [string, string]) => value === ''
  const fields = Object.entries(identity)
  const headers = headerOptions(Object.fromEntries(fields.filter(field => !isEmpty(field))))
  const removed = ['authorization', ...fields.filter(isEmpty).map(([name]) => name)]
  return { status: { code: codes.ok }, ok_response: { headers, headers_to_remove: removed } }
}

/** An error that is no problem becomes `internal-error`. */
function codeOf(error: unknown): ProblemCode {
  return error instanceof ProblemError ? error.code : 'internal-error'
}

function denied(
  error: unknown,
  { problemBase, realm, requestId }: { problemBase: string; realm: string; requestId: string },
): CheckResponse {
  const extras = error instanceof ProblemError ? error.extras : {}
  const { status, headers, body } = problemResponse(codeOf(error), extras, { problemBase, realm, requestId })
  return {
    status: { code: status === 401 ? codes.unauthenticated : codes.permissionDenied },
    denied_response: { status: { code: status }, headers: headerOptions(headers), body: JSON.stringify(body) },
  }
}

function headerOptions(headers: Record<string, string>): HeaderOption[] {
  return Object.entries(headers).map(([key, value]) => ({
    header: { key, value },
    append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
  }))
}
