/** Envoy's external authorization over gRPC, asked by a client that is made from Envoy's published protocol. */
import { join } from 'node:path'
import { type ProblemCode, problemDefinition } from '@gatehouse/contract'
import { freePort, installOnDemand } from '@gatehouse/testkit'
import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import t, { type Test } from 'tap'
import { resource } from './helpers/service.ts'

const protocol = join(await installOnDemand('services/resource/on-demand'), 'node_modules/@grpc/grpc-js-xds/deps')
const includeDirs = ['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map(name => join(protocol, name))
const published = loadSync('envoy/service/auth/v3/external_auth.proto', { keepCase: true, includeDirs })
const { Check: checkMethod } = published['envoy.service.auth.v3.Authorization'] as unknown as {
  Check: MethodDefinition<object, CheckResponse>
}

interface HeaderOption {
  header: { key: string; value: string }
  append_action: number
}

interface CheckResponse {
  status: { code: number }
  ok_response?: { headers: HeaderOption[]; headers_to_remove: string[] }
  denied_response?: { status: { code: number }; headers: HeaderOption[]; body: string }
}

/** envoy.config.core.v3.HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD */
const overwrite = 2

async function start(t: Test) {
  const port = await freePort()
  const service = await resource(t, { EXT_AUTHZ_PORT: String(port) })
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  t.teardown(() => client.close())
  const check = (token?: string, scope?: string) => {
    const headers: Record<string, string> = { ':path': '/x?access_token=y', 'x-auth-subject': 'root' }
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`
    const peer = { address: { socket_address: { address: '10.0.0.7', port_value: 4711 } }, principal: 'spiffe://x/y' }
    const http = { id: 'request-7', method: 'PROPFIND', path: '/x?access_token=y', host: 'x', scheme: 'https', headers }
    const request = {
      attributes: {
        source: peer,
        destination: peer,
        tls_session: { sni: 'x' },
        route_metadata_context: {},
        request: {
          time: { seconds: 1_790_000_000 },
          http: { ...http, protocol: 'HTTP/2', raw_body: Buffer.from('b') },
        },
        context_extensions: scope === undefined ? {} : { scope },
      },
    }
    const { path, requestSerialize, responseDeserialize } = checkMethod
    return new Promise<CheckResponse>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) =>
        response === undefined ? reject(error) : resolve(response),
      )
    })
  }
  return { service, check }
}

const headerIn = (headers: { header: { key: string; value: string } }[] = [], name: string) =>
  headers.find(({ header }) => header.key === name)?.header.value

t.test('ext_authz: admits a valid token with identity headers that replace those of the client', async t => {
  const { service, check } = await start(t)
  const { status, ok_response: ok, ...rest } = await check(service.token({ sub: 'ada', scope: 'a b' }), 'a b')
  t.equal(status.code, 0)
  t.notOk(rest.denied_response)
  t.equal(headerIn(ok?.headers, 'x-auth-subject'), 'ada')
  t.equal(headerIn(ok?.headers, 'x-auth-scope'), 'a b')
  t.ok(ok?.headers.every(option => option.append_action === overwrite))
  t.strictSame(ok?.headers_to_remove, ['authorization'])

  const { ok_response: bare } = await check(service.token({ scope: undefined, roles: [] }))
  t.notOk(
    bare?.headers.some(({ header }) => header.value === ''),
    'Envoy drops a header with an empty value',
  )
  t.strictSame(bare?.headers_to_remove, ['authorization', 'x-auth-roles', 'x-auth-scope'], 'so its own are removed')
})

t.test('ext_authz: refuses with the problem, its status and its challenge', async t => {
  const { service, check } = await start(t)
  const cases: [ProblemCode, Promise<CheckResponse>][] = [
    ['token-missing', check()],
    ['token-invalid', check('rubbish')],
    ['request-malformed', check('a b')],
    // Envoy joins a header that was given twice.
    ['request-malformed', check(`${service.token()},Bearer ${service.token()}`)],
    ['insufficient-scope', check(service.token(), 'storage:restricted')],
    ['request-malformed', check(service.token(), 'a  b')],
  ]
  for (const [code, answer] of cases) {
    const { status, denied_response: denied, ok_response: ok } = await answer
    t.not(status.code, 0)
    t.notOk(ok)
    t.equal(denied?.status.code, problemDefinition(code).status, code)
    t.match(JSON.parse(denied?.body ?? ''), { code, requestId: 'request-7' })
    t.equal(headerIn(denied?.headers, 'content-type'), 'application/problem+json')
    if (problemDefinition(code).challenge) t.match(headerIn(denied?.headers, 'www-authenticate'), /^Bearer realm=/)
  }
})

t.test('ext_authz: refuses a revoked token, and answers revocation-unknown without a lease', async t => {
  const { service, check } = await start(t)
  const sid = '00000000-0000-4000-8000-000000000001'
  const [token, other] = [service.token({ sid }), service.token()]
  t.equal((await check(token)).status.code, 0)
  const applied = service.auth.nextPoll(({ after }) => after === 1)
  service.auth.revoke({ subject: sid })
  await applied
  t.match(JSON.parse((await check(token)).denied_response?.body ?? ''), { code: 'session-ended' })
  t.equal((await check(other)).status.code, 0)

  const logged: unknown[] = []
  service.app.log.warn = (...line: unknown[]) => void logged.push(line)
  service.auth.mode = 'down'
  service.auth.release()
  await service.clock.advance(15_000)
  const { denied_response: denied } = await check(other)
  t.equal(denied?.status.code, problemDefinition('revocation-unknown').status)
  t.ok(headerIn(denied?.headers, 'retry-after'))
  t.match(logged.at(-1), [{ code: 'revocation-unknown' }, 'the service could not answer a request'])
})
