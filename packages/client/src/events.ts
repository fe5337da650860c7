/** Server-sent events over the client's `fetch`: a stream that is opened again when its token expires, and stops with the session. */
import { endsSession, isProblem } from './errors.ts'
import type { ProblemCode } from './problems.ts'
import type { Client, Clock } from './types.ts'

export interface ServerEvent {
  /** `message` unless the stream names one. */
  type: string
  data: string
}

export interface EventsOptions {
  onEvent(event: ServerEvent): void
  /** Ends the stream. */
  signal?: AbortSignal
  clock?: Pick<Clock, 'sleep'>
}

const timers: Pick<Clock, 'sleep'> = {
  sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
}

/**
 * Reads a stream until the session ends. A guarded stream ends with the event `closed`, because its token has expired or its
 * session has ended. It is opened again at once: the client then renews, or learns that it is signed out. A connection that
 * breaks is opened again after a pause, with `Last-Event-ID`.
 * @returns the code that ended the session; undefined when `signal` did
 * @throws ProblemError when opening is refused with `stop`, for example `insufficient-scope`
 */
export async function readEvents(
  client: Pick<Client, 'fetch'>,
  url: string | URL,
  { onEvent, signal, clock = timers }: EventsOptions,
): Promise<ProblemCode | undefined> {
  let lastEventId: string | undefined
  for (let attempt = 0; !signal?.aborted; attempt += 1) {
    let isClosed = false
    try {
      const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) }
      const response = await client.fetch(url, { headers, cache: 'no-store', ...(signal && { signal }) })
      if (response.ok && response.body) {
        attempt = 0
        for await (const { id, ...event } of parse(response.body)) {
          lastEventId = id ?? lastEventId
          isClosed = event.type === 'closed'
          if (!isClosed) onEvent(event)
        }
      }
    } catch (error) {
      if (isProblem(error) && endsSession(error.problem)) return error.code
      if (isProblem(error) && error.problem.action === 'stop') throw error
    }
    if (!isClosed && !signal?.aborted)
      await clock.sleep(Math.min(500 * 2 ** attempt, 8000) * (1 + Math.random() / 4), signal)
  }
  return undefined
}

/** The fields of an event stream (WHATWG HTML, section 9.2.6). */
async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent & { id?: string }> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    // A CR at the end of a part waits: the next part may begin with its LF.
    const blocks = (rest + value).replace(/\r\n|\r(?!$)/g, '\n').split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const event: ServerEvent & { id?: string } = { type: 'message', data: '' }
      const data: string[] = []
      for (const line of block.split('\n')) {
        const [, name, text = ''] = /^(\w+): ?(.*)$/.exec(line) ?? []
        if (name === 'event') event.type = text
        if (name === 'id') event.id = text
        if (name === 'data') data.push(text)
      }
      event.data = data.join('\n')
      if (data.length > 0) yield event
    }
  }
}
