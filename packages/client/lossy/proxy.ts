/**
 * An HTTP proxy that misbehaves: per lane it loses calls before or after they take effect, delays, doubles, truncates and reorders
 * them, and answers as broken intermediaries do. `/<lane>/auth/...` leads to the auth service, `/<lane>/api/...` to the resource
 * service, and `POST /<lane>/orders/<id>` is an application's handler behind the resource service's `/verify`.
 */
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.ts'
import { empty, forwardTo, overloaded, page, type Reply, read, send } from './replies.ts'

export interface Faults {
  /** Probability that a call meets a fault. */
  rate: number
  random: Random
}

export interface LossyProxy {
  url: string
  /** Lanes without faults pass everything on. */
  faults: Map<string, Faults>
  /** How often the handler of an order ran. */
  orders: Map<string, number>
  /** The signal of each call that its client may abort. */
  calls: Map<string, AbortSignal>
  /** Receives what happens to the calls of a lane. */
  traces: Map<string, (text: string) => void>
  /** Calls and faults by kind. */
  counts: Map<string, number>
  close(): Promise<void>
}

export interface Targets {
  auth: () => string
  api: () => string
}

const kinds = [
  'lost before',
  'lost before',
  'lost after',
  'lost after',
  'delayed',
  'doubled',
  'truncated',
  'bad gateway',
  'captive portal',
  'other 401',
  'overloaded',
] as const

export async function lossyProxy(targets: Targets): Promise<LossyProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 })
  const faults = new Map<string, Faults>()
  const orders = new Map<string, number>()
  const counts = new Map<string, number>()
  const traces: LossyProxy['traces'] = new Map()
  const calls = new Map<string, AbortSignal>()
  let arrived = 0
  /** By session: the highest generation of a refresh token that was forwarded to a renewal. */
  const newestForwarded = new Map<string, number>()
  const underWay = new Map<string, Map<Renewal, Promise<void>>>()
  const count = (kind: string) => counts.set(kind, (counts.get(kind) ?? 0) + 1)

  const server = createServer((incoming, outgoing) => {
    outgoing.on('error', () => {})
    handle(incoming, outgoing).catch(() => outgoing.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const [, lane = '', target = '', ...rest] = incoming.url?.split('/') ?? []
    // A client that leaves takes its connection with it, and the service must learn of that.
    const left = new AbortController()
    const leave = () => left.abort()
    outgoing.on('close', leave)
    const id = `${incoming.headers['x-call']}`
    const sender = calls.get(id)
    // Of a client that had left before its connection was accepted, nothing is known any more.
    if (!sender || sender.aborted) return void outgoing.destroy()
    sender.addEventListener('abort', leave)
    const body = await read(incoming)
    const lossy = faults.get(lane)
    const drawn = lossy?.random.chance(lossy.rate) ? lossy.random.pick(kinds) : 'passed'
    // Only a client may be blamed for an order that runs twice.
    const kind = drawn === 'doubled' && target === 'orders' ? 'passed' : drawn
    count(kind)
    const note = noteFor(
      lane,
      `${++arrived} ${kind} ${incoming.method} ${rest.join('/')} ${generationIn(incoming, body)}`,
    )
    left.signal.addEventListener('abort', () => note('closed'))
    const renewal = rest.join('/') === 'session/renew' ? renewalOf(tokenIn(incoming, body)) : undefined
    const forward = async () => {
      const end = renewal && (await inOrder(renewal))
      try {
        return await forwardNow()
      } finally {
        end?.()
      }
    }
    const forwardNow = async () => {
      // Only a call that was newest when the client sent it: a client that sends an old token is at fault.
      if (renewal?.wasNewest && renewal.generation < newestOf(renewal.session)) {
        note('overtaken')
        outgoing.destroy()
        throw new Error('overtaken')
      }
      if (renewal) newestForwarded.set(renewal.session, Math.max(renewal.generation, newestOf(renewal.session)))
      note('forwarded')
      const reply = await answer({ incoming, target, rest, body, signal: left.signal })
      note(`answered ${reply.status}`)
      return reply
    }
    if (lossy?.random.chance(0.3)) await sleep(lossy.random.below(8))

    if (kind === 'lost before') return void outgoing.destroy()
    if (kind === 'bad gateway') return send(outgoing, page(502))
    if (kind === 'captive portal') return send(outgoing, page(200))
    if (kind === 'other 401') return send(outgoing, page(401))
    if (kind === 'overloaded') return send(outgoing, overloaded)
    if (kind === 'delayed') await sleep(lossy?.random.below(40))
    if (left.signal.aborted) return
    if (kind === 'doubled') {
      const second = sleep(lossy?.random.below(6)).then(forward)
      const replies = await Promise.allSettled([forward(), second])
      const [first] = replies.flatMap(reply => (reply.status === 'fulfilled' ? [reply.value] : []))
      return first ? send(outgoing, first) : void outgoing.destroy()
    }
    const reply = await forward()
    if (kind === 'lost after') return void outgoing.destroy()
    if (kind === 'truncated' && reply.body.length > 1) {
      outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': reply.body.length })
      outgoing.write(reply.body.subarray(0, reply.body.length >> 1))
      return void setImmediate(() => outgoing.destroy())
    }
    send(outgoing, reply)
  }

  function newestOf(session: string): number {
    return newestForwarded.get(session) ?? 0
  }

  function renewalOf(token: string | undefined): Renewal | undefined {
    if (token === undefined) return undefined
    const session = Buffer.from(token.slice(4), 'base64url').subarray(2, 18).toString('hex')
    const generation = generationOf(token)
    return { session, generation, wasNewest: generation >= newestOf(session) }
  }

  /**
   * Waits until no renewal with an older token of the session is under way. A call that is held over
   * two rotations looks like reuse: that is a documented limit of rotation, so this network loses it
   * instead.
   * @returns to be called when the answer has arrived
   */
  async function inOrder(renewal: Renewal): Promise<() => void> {
    const others = underWay.get(renewal.session) ?? new Map<Renewal, Promise<void>>()
    underWay.set(renewal.session, others)
    let end = () => {}
    others.set(renewal, new Promise<void>(resolve => (end = resolve)))
    for (const [other, ended] of [...others]) if (other.generation < renewal.generation) await ended
    return () => {
      others.delete(renewal)
      end()
    }
  }

  function noteFor(lane: string, call: string): (text: string) => void {
    return text => traces.get(lane)?.(`   proxy ${call}: ${text}`)
  }

  interface Call {
    incoming: IncomingMessage
    target: string
    rest: string[]
    body: Buffer
    signal: AbortSignal
  }

  async function answer({ incoming, target, rest, body, signal }: Call): Promise<Reply> {
    const { method = 'GET', headers } = incoming
    if (target !== 'orders') {
      const base = target === 'auth' ? targets.auth() : targets.api()
      return forwardTo(`${base}/${rest.join('/')}`, { method, headers, body, signal, agent })
    }
    const verified = await forwardTo(`${targets.api()}/verify`, { method: 'GET', headers, body: empty, signal, agent })
    if (verified.status !== 204) return verified
    const [id = ''] = rest
    orders.set(id, (orders.get(id) ?? 0) + 1)
    return { status: 201, headers: { 'content-type': 'application/json' }, body: Buffer.from(`{"order":"${id}"}`) }
  }

  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    faults,
    orders,
    calls,
    traces,
    counts,
    async close() {
      agent.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Renewal {
  session: string
  generation: number
  /** No renewal with a newer token was forwarded when it arrived. */
  wasNewest: boolean
}

/** The generation of the refresh token that a call presents: its bytes 18 to 21. */
export function generationOf(token: string | undefined): number {
  return token ? Buffer.from(token.slice(4), 'base64url').readUInt32BE(18) : 0
}

function tokenIn({ headers }: IncomingMessage, body: Buffer): string | undefined {
  return /ghr_[\w-]+/.exec(`${body} ${headers.cookie}`)?.[0]
}

function generationIn(incoming: IncomingMessage, body: Buffer): string {
  const token = tokenIn(incoming, body)
  return token ? `generation ${generationOf(token)}` : ''
}
