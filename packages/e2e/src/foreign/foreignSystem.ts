/** A system for software of others: an auth service with its own issuer, and another behind the gateway with TLS. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificate, freePort, freshDatabase } from '@gatehouse/testkit'
import { startGateway } from '../gateway/nginx.ts'
import { type Login, type System, startSystem } from '../system.ts'

/** Where a client reaches the services. */
export interface Place {
  issuer: string
  resource: string
}

export interface ForeignSystem {
  system: System
  places: { direct: Place; gateway: Place }
  /** The certificate of the gateway, for programs that must trust it. */
  certificateFile: string
  user: Login
  stop: () => Promise<void>
}

/** Both auth services use one database. */
export async function startForeignSystem(): Promise<ForeignSystem> {
  const { url: databaseUrl, drop } = await freshDatabase()
  const certificates = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
  const { crt: certificateFile } = createCertificate(certificates, 'IP:127.0.0.1')
  const undo: (() => Promise<unknown>)[] = [drop, async () => rmSync(certificates, { recursive: true, force: true })]
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const [port, directPort, resourcePort] = [await freePort(), await freePort(), await freePort()]
    const [url, directUrl] = [`https://127.0.0.1:${port}`, `http://127.0.0.1:${directPort}`]
    const env = {
      ISSUER: `${url}/auth`,
      COOKIE_PATH: '/auth/session',
      TRUST_PROXY: '127.0.0.1',
      // Clients of one process share the address.
      CLIENT_FAILURES: '1000',
      NODE_EXTRA_CA_CERTS: certificateFile,
    }
    const system = await startSystem({ databaseUrl, auths: 1, resources: 0, env })
    undo.push(system.stop)
    const auths = system.auths.map(service => new URL(service.url).host)
    const resources = [`127.0.0.1:${resourcePort}`]
    const gateway = await startGateway({ port, certificates, auths, resources })
    undo.push(gateway.stop)
    await system.addResource({ port: resourcePort, env: { RESOURCE_URL: `${url}/api` } })
    await system.addAuth({ port: directPort, env: { ISSUER: directUrl } })
    const directResourcePort = await freePort()
    const directResource = `http://127.0.0.1:${directResourcePort}`
    const directEnv = { ISSUER: directUrl, AUTH_URLS: directUrl, RESOURCE_URL: directResource }
    await system.addResource({ port: directResourcePort, env: directEnv })
    const user = await system.createAccount('ada@example.org', { scopes: ['storage:read'] })
    const places = {
      direct: { issuer: directUrl, resource: directResource },
      gateway: { issuer: `${url}/auth`, resource: `${url}/api` },
    }
    return { system, places, certificateFile, user, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
