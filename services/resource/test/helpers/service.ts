/** Starts the resource service on a real port together with a fake auth service. */
import type { AddressInfo } from 'node:net'
import {
  audience,
  claimsAt,
  clientId,
  clientSecret,
  type FakeAuth,
  type FakeClock,
  fakeAuth,
  fakeClock,
  issuer,
  type RawResponse,
  type SigningKey,
  send,
  signingKey,
  startMs,
  tokenOf,
} from '@gatehouse/testkit'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'

export interface Resource {
  app: FastifyInstance
  auth: FakeAuth
  clock: FakeClock
  key: SigningKey
  port: number
  token(over?: Record<string, unknown>): string
  send(path: string, headers?: Record<string, string | string[]>): Promise<RawResponse>
  stop(): Promise<void>
}

export function environment(over: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const standard = { ISSUER: issuer, AUDIENCE: audience, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret }
  return { ...standard, LOG_LEVEL: 'silent', ...over }
}

export async function resource(over: NodeJS.ProcessEnv = {}): Promise<Resource> {
  const clock = fakeClock({ wallMs: startMs })
  const auth = await fakeAuth(clock)
  const key = signingKey()
  auth.keys = [key]
  const config = readConfig(environment({ AUTH_URLS: auth.url, PUBLIC_KEY: key.pem, ...over }))
  const app = await buildApp({ config, version: '1.2.3', clock })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  await auth.holding()
  return {
    ...{ app, auth, clock, key, port },
    token: claims => tokenOf(key, claimsAt(clock.wallMs(), claims)),
    send: (path, headers = {}) => send(port, path, headers),
    async stop() {
      await app.close()
      await auth.stop()
    },
  }
}
