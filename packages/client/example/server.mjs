/** Serves the example page and, on the same origin, what a gateway would: the auth service and the resource service. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = new URL('./', import.meta.url)
const types = { '/': 'text/html', '/style.css': 'text/css', '/main.js': 'text/javascript' }

/**
 * @param {{ authUrl: string, resourceUrl: string, port?: number, intercept?: (path: string) => Promise<void> | undefined }} options
 * `intercept` may hold back an answer; tests use it
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function startExample(options) {
  const { port = 0 } = options
  const files = new Map([
    ['/', await readFile(new URL('index.html', here))],
    ['/style.css', await readFile(new URL('style.css', here))],
    ['/main.js', await bundle()],
  ])
  const server = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? '').split('?')[0]
    const file = files.get(path)
    if (file) return outgoing.writeHead(200, { 'content-type': types[path], 'cache-control': 'no-store' }).end(file)
    const target = path.startsWith('/storage') ? options.resourceUrl : options.authUrl
    const { 'accept-encoding': _, ...headers } = incoming.headers
    const forwarded = request(target + incoming.url, { method: incoming.method, headers })
    forwarded.on('response', async response => {
      await options.intercept?.(path)
      outgoing.writeHead(response.statusCode, response.headers)
      outgoing.flushHeaders()
      response.on('error', () => outgoing.destroy()).pipe(outgoing)
    })
    forwarded.on('error', () =>
      outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end('<h1>502</h1>'),
    )
    outgoing.on('close', () => forwarded.destroy())
    incoming.pipe(forwarded)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://localhost:${server.address().port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('main.ts', here))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
  })
  return Buffer.from(outputFiles[0].contents)
}
