/** A whole system behind nginx, with a third upstream that echoes requests. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { freePort, type HttpResponse, listenOnLoopback } from '@gatehouse/testkit'
import type { Test } from 'tap'
import { type System, systemOf } from '../system.ts'
import { type Gateway, type GatewayOptions, startGateway } from './nginx.ts'
import { type RequestOptions, send } from './rawClient.ts'

export interface ProtectedSystem {
  system: System
  gateway: Gateway
  /** Requests that have reached the third upstream. */
  echoed: () => number
  send: (sending: RequestOptions) => Promise<HttpResponse>
}

/** The request as the third upstream received and echoes it. */
export interface Echo {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** @param t the test, at whose end all parts are stopped */
export async function startProtectedSystem(
  t: Pick<Test, 'teardown'>,
  env: Record<string, string> = {},
  gatewayOptions: Pick<GatewayOptions, 'dropHeaders' | 'allowedOrigins' | 'certificates'> = {},
): Promise<ProtectedSystem> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const resourcePorts = [await freePort(), await freePort()]
  const { example, echoed } = await startEcho(t)
  const behindProxy = { ISSUER: `${url}/auth`, COOKIE_PATH: '/auth/session', TRUST_PROXY: '127.0.0.1' }
  const system = await systemOf(t, {
    auths: 2,
    env: { ...behindProxy, DRAIN_MS: '500', LOG_REQUESTS: 'true', ...env },
  })
  const auths = system.auths.map(service => new URL(service.url).host)
  const resources = resourcePorts.map(resourcePort => `127.0.0.1:${resourcePort}`)
  const gateway = await startGateway({ ...gatewayOptions, port, auths, resources, example })
  t.teardown(gateway.stop)
  // Resource services fetch the keys from the issuer, so the gateway starts first.
  for (const resourcePort of resourcePorts) await system.addResource({ port: resourcePort })
  return { system, gateway, echoed, send: sending => send(url, sending) }
}

async function startEcho(t: Pick<Test, 'teardown'>): Promise<{ example: string; echoed: () => number }> {
  let count = 0
  const server = createServer(async (request, response) => {
    count += 1
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url: path = '', headers } = request
    const echo: Echo = { method, path, headers, body: Buffer.concat(chunks).toString() }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(echo))
  })
  // Not a WebSocket implementation: it accepts the handshake and echoes bytes.
  server.on('upgrade', ({ headers }, socket) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${headers.upgrade}\r\n\r\n`)
    socket.pipe(socket).on('error', () => socket.destroy())
  })
  const url = await listenOnLoopback(server, t.teardown)
  return { example: new URL(url).host, echoed: () => count }
}
