/** `/console`, `/account` and `/account/device`: the web pages of packages/console, as its build left them. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ProblemError } from '@gatehouse/contract'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'

/** By page: its routes, and the folder of its files. */
const routes = {
  console: { folder: 'console', paths: ['/console', '/console/*'] },
  account: { folder: 'account', paths: ['/account', '/account/*'] },
  device: { folder: 'account', paths: ['/account/device'] },
}

/** Fastify's routes cannot name a file of another package: the build writes what it made here. */
interface Manifest {
  /** By page: its script, then what that imports at once, and its stylesheet. */
  pages: Record<keyof typeof routes, { title: string; scripts: string[]; style: string }>
  /** By file name: its media type. */
  files: Record<string, string>
}

interface Asset {
  type: string
  plain: Buffer
  gzip: Buffer
}

/**
 * `connect-src` covers the API, which has the origin of the page. Trusted Types make the sinks that
 * turn text into script throw.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

export const pageRoutes: FastifyPluginAsync = async app => {
  const { pages, assets } = readPages()
  const hidden = { schema: { hide: true } }

  for (const [name, { folder, paths }] of Object.entries(routes)) {
    const page = pages[name as keyof typeof routes]
    const send = async (request: FastifyRequest, reply: FastifyReply) => {
      reply.header('content-security-policy', policy).header('cross-origin-opener-policy', 'same-origin')
      reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8')
      return html(page, pathToFolder(request.url, folder))
    }
    for (const path of paths) app.get(path, hidden, send)
  }
  for (const folder of ['console', 'account']) {
    app.get<{ Params: { file: string } }>(`/${folder}/assets/:file`, hidden, async (request, reply) => {
      const asset = assets.get(request.params.file)
      if (asset === undefined) throw new ProblemError('not-found', 'no such file of the pages')
      const isGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
      // The name contains a hash of the content.
      reply.header('cache-control', 'public, max-age=31536000, immutable').header('vary', 'accept-encoding')
      if (isGzip) reply.header('content-encoding', 'gzip')
      return reply.type(asset.type).send(isGzip ? asset.gzip : asset.plain)
    })
  }
}

/** Reads at start, so that a request costs no disk and names no file. */
function readPages() {
  const path = createRequire(import.meta.url).resolve('@gatehouse/console/pages/manifest.json')
  const { pages, files } = JSON.parse(readFileSync(path, 'utf8')) as Manifest
  const read = (file: string) => readFileSync(join(dirname(path), file))
  const assets = new Map<string, Asset>()
  for (const [file, type] of Object.entries(files))
    assets.set(file, { type, plain: read(file), gzip: read(`${file}.gz`) })
  return { pages, assets }
}

/**
 * The pages have no absolute paths, because a gateway may serve them below a prefix, and no `<base>`,
 * because the policy forbids it.
 * @returns the relative path from a page to its folder: for `/console/users/7` it is `../`
 */
function pathToFolder(url: string, page: string): string {
  const [path = ''] = url.split('?')
  const depth = path.split('/').length - 2
  return depth === 0 ? `${page}/` : '../'.repeat(depth - 1) || './'
}

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%234f46e5'/%3E%3Cpath d='M9 24V14a7 7 0 0 1 14 0v10M16 8v16M9 17h14' fill='none' stroke='white' stroke-width='2.4' stroke-linecap='round'/%3E%3C/svg%3E"

function html({ title, scripts, style }: Manifest['pages']['console'], folder: string): string {
  const toTag = (script: string, index: number) =>
    index === 0
      ? `<script type="module" src="${folder}assets/${script}"></script>`
      : `<link rel="modulepreload" href="${folder}assets/${script}">`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${folder}assets/${style}">
${scripts.map(toTag).join('\n')}
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript.</noscript>
</body>
</html>
`
}
