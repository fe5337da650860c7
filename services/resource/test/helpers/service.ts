/** Starts the resource service on a real port together with a fake auth service. */
import type { AddressInfo } from 'node:net'
import {
  audience,
  clientId,
  clientSecret,
  type GuardFixture,
  guardFixture,
  issuer,
  type RawResponse,
  recordResponses,
  send,
} from '@gatehouse/testkit'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'

export interface Resource extends GuardFixture {
  app: FastifyInstance
  port: number
  send(path: string, headers?: Record<string, string | string[]>): Promise<RawResponse>
}

export function environment(over: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const standard = { ISSUER: issuer, AUDIENCE: audience, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret }
  return { ...standard, LOG_LEVEL: 'silent', ...over }
}

/** The test stops both at its end. */
export async function resource(t: Pick<Test, 'teardown'>, over: NodeJS.ProcessEnv = {}): Promise<Resource> {
  const fixture = await guardFixture()
  const { auth, clock, key } = fixture
  const config = readConfig(environment({ AUTH_URLS: auth.url, PUBLIC_KEY: key.pem, ...over }))
  const seen = recordResponses()
  const app = await buildApp({ config, version: '1.2.3', clock })
  seen.stop()
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  await auth.holding()
  t.teardown(async () => {
    await app.close()
    await auth.stop()
    seen.assertDocumented(app)
  })
  return { ...fixture, app, port, send: (path, headers = {}) => send(port, path, headers) }
}
