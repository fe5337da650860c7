/** A whole system behind nginx, with a third upstream that echoes requests. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { freePort, freshDatabase, type HttpResponse } from '@gatehouse/testkit'
import { type System, startSystem } from '../system.ts'
import { type Gateway, type GatewayOptions, startGateway } from './nginx.ts'
import { type RequestOptions, send } from './rawClient.ts'

export interface ProtectedSystem {
  system: System
  gateway: Gateway
  /** Requests that have reached the third upstream. */
  echoed: () => number
  send: (sending: RequestOptions) => Promise<HttpResponse>
  stop: () => Promise<void>
}

/** The request as the third upstream received and echoes it. */
export interface Echo {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export async function startProtectedSystem(
  env: Record<string, string> = {},
  gatewayOptions: Pick<GatewayOptions, 'dropHeaders' | 'allowedOrigins' | 'certificates'> = {},
): Promise<ProtectedSystem> {
  const { url: databaseUrl, drop } = await freshDatabase()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const resourcePorts = [await freePort(), await freePort()]
  const { echo, echoed } = await startEcho()
  const undo: (() => Promise<unknown>)[] = [drop, async () => echo.close()]
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const system = await startSystem({
      databaseUrl,
      auths: 2,
      resources: 0,
      env: {
        ISSUER: `${url}/auth`,
        COOKIE_PATH: '/auth/session',
        TRUST_PROXY: '127.0.0.1',
        DRAIN_MS: '500',
        LOG_REQUESTS: 'true',
        ...env,
      },
    })
    undo.push(system.stop)
    const gateway = await startGateway({
      ...gatewayOptions,
      port,
      auths: system.auths.map(service => new URL(service.url).host),
      resources: resourcePorts.map(resourcePort => `127.0.0.1:${resourcePort}`),
      example: `127.0.0.1:${(echo.address() as AddressInfo).port}`,
    })
    undo.push(gateway.stop)
    // Resource services fetch the keys from the issuer, so the gateway starts first.
    for (const resourcePort of resourcePorts) await system.addResource({ port: resourcePort })
    return { system, gateway, echoed, send: sending => send(url, sending), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startEcho(): Promise<{ echo: Server; echoed: () => number }> {
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
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { echo: server, echoed: () => count }
}
