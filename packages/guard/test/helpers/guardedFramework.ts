/** Starts an application of a framework with a guard, a fake auth service and a fake clock. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { register } from 'node:module'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import type { ProblemCode } from '@gatehouse/contract'
import * as fastifyGuard from '@gatehouse/guard'
import * as koaGuard from '@gatehouse/guard/koa'
import * as nodeGuard from '@gatehouse/guard/node'
import * as webGuard from '@gatehouse/guard/web'
import type { Guard, GuardOptions } from '@gatehouse/guard-core'
import {
  type FakeAuth,
  type FakeClock,
  guardFixture,
  installOnDemand,
  type RawResponse,
  send,
} from '@gatehouse/testkit'
import type { Test } from 'tap'

const folder = await installOnDemand('packages/guard/frameworks')
resolveFrom(folder, '@nestjs/common')
const nestGuard = await import('@gatehouse/guard/nest')

/** The applications in `packages/guard/frameworks`, with the adapter that each uses. */
export const frameworks = {
  fastify: { file: 'fastify.mjs', adapter: fastifyGuard },
  'node:http': { file: 'nodeHttp.mjs', adapter: nodeGuard },
  Express: { file: 'express.mjs', adapter: nodeGuard },
  Koa: { file: 'koa.mjs', adapter: koaGuard },
  Hono: { file: 'hono.mjs', adapter: webGuard },
  Next: { file: 'next/start.mjs', adapter: webGuard },
  'NestJS on Express': { file: 'nest.mjs', adapter: nestGuard, platform: 'express' },
  'NestJS on Fastify': { file: 'nest.mjs', adapter: nestGuard, platform: 'fastify' },
} as const
export type Framework = keyof typeof frameworks

export interface GuardedApplication {
  auth: FakeAuth
  clock: FakeClock
  guard: Guard
  /** A valid token with these claims changed. */
  token(over?: Record<string, unknown>): string
  /** Sends a request. A header given as an array is sent several times. */
  send(path: string, headers?: Record<string, string | string[]>): Promise<RawResponse>
  /** Revokes a session, and resolves when the guard has acknowledged it. */
  revoke(sid: string): Promise<void>
  /** Makes the feed unreachable until the lease has ended. */
  lapse(): Promise<void>
  /** How often the handler of `POST /act` has run. */
  handled(): number
  /**
   * Starts `POST /act` with half of its body, and waits until the application has the headers.
   * @returns a function that sends the rest, and resolves with the problem's code or `handled`
   */
  startSlow(token: string): Promise<() => Promise<ProblemCode | 'handled'>>
  /** Starts `GET /stream`. @returns its text, when the stream has been closed */
  openStream(token: string): Promise<{ closed: Promise<string> }>
}

const options = { problemBase: 'https://auth.example/problems', realm: 'warehouse' }

/** Stopped when the test ends. */
export async function guardedApplication(
  t: Test,
  framework: Framework,
  over: Partial<Omit<GuardOptions, 'metrics'>> = {},
): Promise<GuardedApplication> {
  const { file, adapter, ...rest } = frameworks[framework]
  const { auth, clock, guardOptions, token } = await guardFixture()
  const guard = adapter.createGuard({ ...guardOptions, ...over })
  let handled = 0
  let onAccepted = () => {}
  const { start } = await import(pathToFileURL(join(folder, file)).href)
  const server: Server = await start({
    ...rest,
    adapter,
    guard,
    options,
    onAccepted: () => onAccepted(),
    onHandled: () => {
      handled += 1
    },
  })
  const { port } = server.address() as AddressInfo
  guard.start()
  t.teardown(async () => {
    guard.closeStreams()
    server.close()
    server.closeAllConnections()
    await guard.stop()
    await auth.stop()
  })

  return {
    auth,
    clock,
    guard,
    token,
    send: (path, headers = {}) => send(port, path, headers),
    handled: () => handled,
    async revoke(sid) {
      const seq = (guard.state().cursor ?? 0) + 1
      const acknowledged = auth.nextPoll(({ after }) => after !== undefined && after >= seq)
      auth.revoke({ subject: sid })
      await acknowledged
    },
    async lapse() {
      auth.mode = 'down'
      auth.release()
      await clock.advance(15_000)
    },
    async startSlow(token) {
      const socket = connect(port, '127.0.0.1')
      const accepted = new Promise<void>(resolve => {
        onAccepted = resolve
      })
      const head = ['POST /act HTTP/1.1', 'host: x', `authorization: Bearer ${token}`, 'content-type: application/json']
      socket.write(`${head.join('\r\n')}\r\ncontent-length: 10\r\nconnection: close\r\n\r\n{"a":`)
      await accepted
      return async () => {
        socket.write('true}')
        const response = await text(socket)
        return (/"code":"([\w-]+)"/.exec(response)?.[1] ?? (response.includes('done') && 'handled')) as ProblemCode
      }
    },
    async openStream(token) {
      const socket = connect(port, '127.0.0.1')
      socket.write(`GET /stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`)
      await once(socket, 'readable')
      return { closed: text(socket) }
    },
  }
}

/** The adapter imports the framework, which is not installed where the adapter is. */
function resolveFrom(folder: string, name: string): void {
  const parentURL = pathToFileURL(join(folder, 'package.json')).href
  const hook = `export function resolve(specifier, context, next) {
    return next(specifier, specifier === '${name}' ? { ...context, parentURL: '${parentURL}' } : context)
  }`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
}
