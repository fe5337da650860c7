/** A system for software of others: an auth service with its own issuer, and another behind the gateway with TLS. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificate, freePort } from '@gatehouse/testkit'
import type { Test } from 'tap'
import { startGateway } from '../gateway/nginx.ts'
import { type Login, type System, systemOf } from '../system.ts'

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
}

/** Both auth services use one database. The test stops all parts at its end. */
export async function startForeignSystem(t: Pick<Test, 'teardown'>): Promise<ForeignSystem> {
  const certificates = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
  t.teardown(() => rmSync(certificates, { recursive: true, force: true }))
  const { crt: certificateFile } = createCertificate(certificates, 'IP:127.0.0.1')
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
  const system = await systemOf(t, { env })
  const auths = system.auths.map(service => new URL(service.url).host)
  const resources = [`127.0.0.1:${resourcePort}`]
  const gateway = await startGateway({ port, certificates, auths, resources })
  t.teardown(gateway.stop)
  await system.addResource({ port: resourcePort, env: { RESOURCE_URL: `${url}/api` } })
  await system.addAuth({ port: directPort, env: { ISSUER: directUrl } })
  const directResourcePort = await freePort()
  const directResource = `http://127.0.0.1:${directResourcePort}`
  const directEnv = { ISSUER: directUrl, AUTH_URLS: directUrl, RESOURCE_URL: directResource }
  await system.addResource({ port: directResourcePort, env: directEnv })
  const user = await system.createAccount('ada@example.org', { scopes: ['storage:read'] })
  const direct = { issuer: directUrl, resource: directResource }
  const places = { direct, gateway: { issuer: `${url}/auth`, resource: `${url}/api` } }
  return { system, places, certificateFile, user }
}
