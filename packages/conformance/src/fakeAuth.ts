/** The fake auth service: it serves keys and the feed over HTTP, and lets a check replace the answer to a poll. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { PollRequest, type PollResponse } from '@gatehouse/contract'
import { Compile } from 'typebox/schema'
import { createFeedState, type FeedState } from './feedState.ts'
import { clientId, clientSecret, issuer } from './settings.ts'
import { publishedKeys } from './signToken.ts'

/** One poll and its connection. */
export interface Exchange {
  poll: PollRequest
  /** The `Poll-Id` of the request. The answer repeats it. */
  pollId: string | undefined
  /** Answers by the rules: writes the row, holds the poll while there is nothing to send, and responds. */
  proceed(): Promise<void>
  /** Writes the guard's row. @returns the response as of now */
  prepare(): PollResponse
  /** @param pollId the id to repeat; that of the request by default */
  respond(response: object, pollId?: string): void
  respondStatus(status: number): void
  /** Writes bytes to the connection, outside HTTP. */
  raw(bytes: string): void
  /** Writes bytes to the connection and closes it. */
  rawAndClose(bytes: string): void
}

export type PollHandler = (exchange: Exchange) => void | Promise<void>

export interface FakeAuth {
  url: string
  feed: FeedState
  counts: { keys: number; leaves: number; refused: number; malformed: number }
  /** Replaces the answer to polls; null restores the rules. */
  handler: PollHandler | null
  /** Resolves with the next poll that matches, when it arrives. */
  nextPoll(matches?: (poll: PollRequest) => boolean): Promise<PollRequest>
  /** Closes connections whose polls were left unanswered. */
  dropUnanswered(): void
  stop(): Promise<void>
}

const pollRequest = Compile(PollRequest)

/** @param port the port on 127.0.0.1; 0 chooses a free one */
export async function startFakeAuth(port = 0): Promise<FakeAuth> {
  const feed = createFeedState()
  const waiting = new Set<(poll: PollRequest) => void>()
  const unanswered = new Set<Socket>()
  const keys = JSON.stringify(publishedKeys())
  const auth: FakeAuth = {
    url: '',
    feed,
    counts: { keys: 0, leaves: 0, refused: 0, malformed: 0 },
    handler: null,
    nextPoll: (matches = () => true) =>
      new Promise(resolve => {
        const listener = (poll: PollRequest) => {
          if (matches(poll) && waiting.delete(listener)) resolve(poll)
        }
        waiting.add(listener)
      }),
    dropUnanswered() {
      for (const socket of unanswered) socket.destroy()
    },
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url?.endsWith('/jwks.json')) {
      auth.counts.keys += 1
      return sendJson(response, keys)
    }
    const body = await text(request)
    if (!isKnownClient(request)) {
      auth.counts.refused += 1
      return void response.writeHead(401).end()
    }
    if (request.url === '/guards/poll') return receivePoll(JSON.parse(body), request, response)
    if (request.url !== '/guards/leave') return void response.writeHead(404).end()
    auth.counts.leaves += 1
    feed.remove(JSON.parse(body).guard)
    response.writeHead(204).end()
  }

  async function receivePoll(poll: PollRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!pollRequest.Check(poll)) {
      auth.counts.malformed += 1
      return void response.writeHead(400).end()
    }
    const exchange = createExchange(feed, { poll, pollId: request.headersDistinct['poll-id']?.[0] }, response)
    const { socket } = response
    if (socket !== null) {
      unanswered.add(socket)
      response.once('close', () => unanswered.delete(socket))
    }
    const handler = auth.handler ?? (({ proceed }: Exchange) => proceed())
    for (const listener of [...waiting]) listener(poll)
    await handler(exchange)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  auth.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return auth
}

function createExchange(
  feed: FeedState,
  { poll, pollId }: Pick<Exchange, 'poll' | 'pollId'>,
  response: ServerResponse,
): Exchange {
  const closing = new AbortController()
  response.once('close', () => closing.abort('closed'))
  if (pollId !== undefined) response.setHeader('poll-id', pollId)
  const respond: Exchange['respond'] = (body, repeatedId) => {
    if (repeatedId !== undefined) response.setHeader('poll-id', repeatedId)
    sendJson(response, JSON.stringify(body))
  }
  const exchange: Exchange = {
    poll,
    pollId,
    async proceed() {
      const decision = feed.write(poll)
      if (decision.kind === 'feed-changed') return exchange.respondStatus(409)
      const after = poll.after ?? 0
      const heldUntilMs = feed.dbNowMs() + feed.rules.holdMs
      const feedId = feed.feedId()
      const isHeld = () => feed.head() === after && feed.hadLease(poll.guard) && feed.dbNowMs() < heldUntilMs
      while (isHeld() && !closing.signal.aborted && feed.feedId() === feedId)
        await feed.wait(heldUntilMs - feed.dbNowMs(), closing.signal)
      if (feed.feedId() !== feedId) return exchange.respondStatus(409)
      respond(responseTo(feed, poll, decision.leaseMs))
    },
    prepare() {
      const decision = feed.write(poll)
      return responseTo(feed, poll, decision.kind === 'write' ? decision.leaseMs : 0)
    },
    respond,
    respondStatus: status => void response.writeHead(status).end(),
    raw: bytes => void response.socket?.write(bytes),
    rawAndClose: bytes => void response.socket?.end(bytes),
  }
  return exchange
}

function responseTo(feed: FeedState, poll: PollRequest, leaseMs: number): PollResponse {
  const response = feed.read(poll, leaseMs)
  return {
    ...response,
    leaseMs: response.more ? 0 : response.leaseMs,
    ...(poll.after === undefined ? { issuer } : {}),
  }
}

function sendJson(response: ServerResponse, text: string): void {
  if (!response.writableEnded) response.setHeader('content-type', 'application/json').end(text)
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. */
function isKnownClient({ headers }: IncomingMessage): boolean {
  const pair = Buffer.from(headers.authorization?.replace(/^basic /i, '') ?? '', 'base64').toString()
  const form = (text: string) => new URLSearchParams({ x: text }).toString().slice(2)
  const plus = [clientId, clientSecret].map(form).join(':')
  return pair === plus || pair === [clientId, clientSecret].map(encodeURIComponent).join(':')
}
