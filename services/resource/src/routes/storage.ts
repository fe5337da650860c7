/** The warehouse: a badge opens the door, the vault needs clearance, and who watches is shown out when their session ends. */
import { once } from 'node:events'
import type { Clock } from '@gatehouse/clock'
import type { Caller } from '@gatehouse/guard'
import type { FastifyInstance, FastifyReply } from 'fastify'

/** Well under the silence after which proxies and servers hang up. */
const heartbeatMs = 15_000

export async function storage(app: FastifyInstance, { clock }: { clock: Clock }): Promise<void> {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get('/storage', async () => ({ shelves: ['timber', 'rope', 'lamps'] }))
  app.get('/storage/restricted', { config: { guard: { scope: ['storage:restricted'] } } }, async () => ({
    vault: ['the ledger', 'the spare keys'],
  }))
  // A HEAD of a stream would never end.
  app.get('/storage/events', { exposeHeadRoute: false }, ({ caller }, reply) =>
    streamStorageEvents(app, caller, { reply, clock }),
  )
}

/** Server-sent events until the token is revoked or expires; the last event says why, by its outcome. */
function streamStorageEvents(
  app: FastifyInstance,
  caller: Caller,
  { reply, clock }: { reply: FastifyReply; clock: Clock },
): void {
  const { raw } = reply
  const ended = new AbortController()
  // Registered before the first byte: a token that was revoked a moment ago is still refused as any other.
  const release = app.guard.trackStream(caller, why => {
    raw.end(`event: closed\ndata: ${JSON.stringify({ code: why })}\n\n`)
    ended.abort(new Error('closed'))
  })
  reply.hijack()
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  raw.write('event: open\ndata: {}\n\n')
  raw.on('close', () => {
    release()
    ended.abort(new Error('closed'))
  })
  beat()

  async function beat(): Promise<void> {
    try {
      for (;;) {
        await clock.sleep(heartbeatMs, ended.signal)
        if (!raw.write(': still here\n\n')) await once(raw, 'drain', { signal: ended.signal })
      }
    } catch {
      // The stream has ended: there is nobody left to tell.
    }
  }
}
