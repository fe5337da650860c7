/** Compares every response that a test received with the OpenAPI document. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>
}
/** The part of a Fastify instance that is used. */
interface ObservedApp {
  addHook: (name: 'onSend', hook: OnSend) => unknown
}
interface DocumentedApp {
  swagger: () => object
}
type OnSend = (
  request: { method: string; routeOptions: { url?: string; schema?: object } },
  reply: { statusCode: number },
  payload: unknown,
  done: (error: null, payload: unknown) => void,
) => void
interface Seen {
  method: string
  url: string
  status: number
  code: string | undefined
}

const channel = 'fastify.initialization'

export interface ResponseRecord {
  /** Stops observing new instances; call it when the service is built. */
  stop: () => void
  /** @throws Error naming every response that the document lacks */
  assertDocumented: (app: DocumentedApp) => void
}

/** Call it before the service is built: hooks reach only scopes that are created later. */
export function recordResponses(): ResponseRecord {
  const seen = new Map<string, Seen>()
  const onNew = (message: unknown) => {
    const { fastify } = message as { fastify: ObservedApp }
    fastify.addHook('onSend', (request, reply, payload, done) => {
      const { url, schema } = request.routeOptions
      if (url !== undefined && schema !== undefined && !('hide' in schema)) {
        const [, code] =
          /"code":"([a-z-]+)"/.exec(typeof payload === 'string' && reply.statusCode >= 400 ? payload : '') ?? []
        const response = { method: request.method, url, status: reply.statusCode, code }
        seen.set(JSON.stringify(response), response)
      }
      done(null, payload)
    })
  }
  subscribe(channel, onNew)
  return {
    stop: () => void unsubscribe(channel, onNew),
    assertDocumented: app => {
      const document = app.swagger() as Document
      const missing = [...seen.values()].filter(response => !isDocumented(document, response))
      if (missing.length === 0) return
      const lines = missing.map(({ method, url, status, code }) => `${method} ${url} ${status} ${code ?? ''}`)
      throw new Error(`the OpenAPI document lacks these responses:\n${lines.join('\n')}`)
    },
  }
}

/** A HEAD request is answered as GET. Routes outside the document are for operators and browsers. */
function isDocumented({ paths }: Document, { method, url, status, code }: Seen): boolean {
  const operations = paths[url.replace(/:(\w+)/g, '{$1}')]
  const operation = operations?.[method === 'HEAD' ? 'get' : method.toLowerCase()]
  if (operation === undefined) return true
  const response = operation.responses[status]
  return response !== undefined && (code === undefined || response.description.includes(`\`${code}\``))
}
