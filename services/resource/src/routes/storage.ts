/** Example routes of a warehouse: two for any valid token, one that requires a scope, and a stream. */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { Clock } from '@gatehouse/clock'
import type { Caller } from '@gatehouse/guard'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { guardedSchema } from '../openApi.ts'

/** Shorter than the idle time after which proxies and servers close a connection. */
const heartbeatMs = 15_000

const Item = Type.Object({ item: Type.String({ minLength: 1, maxLength: 100 }) }, { additionalProperties: false })

const Names = Type.Array(Type.String())
const shelvesSchema = guardedSchema({
  summary: 'List the shelves',
  ok: { 200: Type.Object({ shelves: Names }) },
})
const storeSchema = guardedSchema({
  summary: 'Store an item',
  body: Item,
  ok: { 201: Type.Object({ item: Type.String(), storedBy: Type.String() }) },
})
const vaultSchema = guardedSchema(
  { summary: 'List the vault; requires the scope `storage:restricted`', ok: { 200: Type.Object({ vault: Names }) } },
  'insufficient-scope',
)

export async function storageRoutes(app: FastifyInstance, { clock }: { clock: Clock }): Promise<void> {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get('/storage', { schema: shelvesSchema }, async () => ({ shelves: ['timber', 'rope', 'lamps'] }))
  app.post<{ Body: { item: string } }>('/storage', { schema: storeSchema }, async ({ body, caller }, reply) => {
    reply.code(201)
    return { item: body.item, storedBy: caller.id }
  })
  const restricted = { config: { guard: { scope: ['storage:restricted'] } }, schema: vaultSchema }
  app.get('/storage/restricted', restricted, async () => ({
    vault: ['the ledger', 'the spare keys'],
  }))
  // A HEAD request for a stream would never end.
  app.get('/storage/events', { exposeHeadRoute: false }, ({ caller }, reply) => {
    reply.type('text/event-stream').header('x-accel-buffering', 'no')
    return reply.send(storageEvents(app, caller, clock))
  })
}

/**
 * Sends events until the token is revoked or expires; the data of the last event has the problem's
 * code. The stream is sent as a reply, not past it, so that it is counted and has the headers of
 * every other reply.
 */
function storageEvents(app: FastifyInstance, caller: Caller, clock: Clock): PassThrough {
  const events = new PassThrough()
  const ended = new AbortController()
  // Tracked before the first byte is sent, so that a token revoked in the meantime still gets a
  // problem response.
  const release = app.guard.trackStream(caller, why => {
    events.end(`event: closed\ndata: ${JSON.stringify({ code: why })}\n\n`)
    ended.abort(new Error('closed'))
  })
  events.write('event: open\ndata: {}\n\n')
  events.on('close', () => {
    release()
    ended.abort(new Error('closed'))
  })
  sendHeartbeats()
  return events

  async function sendHeartbeats(): Promise<void> {
    try {
      for (;;) {
        await clock.sleep(heartbeatMs, ended.signal)
        if (!events.write(': heartbeat\n\n')) await once(events, 'drain', { signal: ended.signal })
      }
    } catch {
      // The stream has ended, which aborts the wait.
    }
  }
}
