/** Pages on other origins in real Chromium: at the services and through the gateway, listed and not listed. */

import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { requireNginx } from '../src/gateway/nginx.ts'
import { startProtectedSystem } from '../src/gateway/protectedSystem.ts'

requireNginx((count, why) => t.plan(count, why))

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const skip = existsSync(executablePath) ? false : `NO BROWSER at ${executablePath}: skipped`
if (skip) console.error(`\n*** crossOrigin.test: ${skip} ***\n`)

/** An empty page. Its host is the same site as the services', so that cookies are sent. */
async function startPage(t: Test): Promise<string> {
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>page'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

interface Request {
  url: string
  method?: string
  headers?: Record<string, string>
  body?: unknown
  form?: Record<string, string>
  credentials?: 'include'
}
interface Answer {
  status: number
  body: Record<string, unknown>
  /** The headers that the browser shows to the page. */
  headers: Record<string, string>
}

/** What the page's own `fetch` returns; undefined when the browser refuses. */
function ask(page: Page, request: Request): Promise<Answer | undefined> {
  return page.evaluate(async ({ url, method, headers, body, form, credentials }) => {
    const init: RequestInit = { method: method ?? 'GET', headers: { ...headers } }
    if (credentials) init.credentials = credentials
    if (form) init.body = new URLSearchParams(form)
    if (body !== undefined) {
      init.body = JSON.stringify(body)
      init.headers = { ...headers, 'content-type': 'application/json' }
    }
    const response = await fetch(url, init).catch(() => undefined)
    if (response === undefined) return undefined
    const text = await response.text()
    const shown = Object.fromEntries(response.headers.entries())
    return { status: response.status, body: text === '' ? {} : JSON.parse(text), headers: shown }
  }, request)
}

const title = 'CORS: pages on listed origins use auth and resource, others only read public metadata'
t.test(title, { skip, timeout: 120_000 }, async t => {
  const [listed, other] = [await startPage(t), await startPage(t)]
  const allowedOrigins = `https://shop.example, ${listed}`
  const system = await startProtectedSystem(t, { ALLOWED_ORIGINS: listed, CLIENT_FAILURES: '2' }, { allowedOrigins })
  const user = await system.system.createAccount('ada@example.org')
  const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu'] })
  t.teardown(() => browser.close())
  const open = async (origin: string) => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(origin)
    return page
  }
  const [page, stranger] = [await open(listed), await open(other)]
  const local = (url = '') => url.replace('127.0.0.1', 'localhost')
  const gateway = local(system.gateway.url)
  const direct = { auth: local(system.system.auths[0]?.url), resource: local(system.system.resources[0]?.url) }
  const places = { direct, gateway: { auth: `${gateway}/auth`, resource: `${gateway}/api` } }

  for (const [name, { auth, resource }] of Object.entries(places)) {
    await t.test(`${name}: log in, call, renew as an OAuth client, read the headers of refusals`, async t => {
      const body = { ...user, transport: 'body' }
      const login = await ask(page, { url: `${auth}/session`, method: 'POST', body })
      t.equal(login?.status, 201)
      const { accessToken, refreshToken } = (login?.body ?? {}) as Record<'accessToken' | 'refreshToken', string>
      const bearer = { authorization: `Bearer ${accessToken}` }
      t.equal((await ask(page, { url: `${auth}/me`, headers: bearer }))?.status, 200)
      t.equal((await ask(page, { url: `${resource}/storage`, headers: bearer }))?.status, 200)
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
      t.equal((await ask(page, { url: `${auth}/oauth/token`, method: 'POST', form }))?.status, 200)
      for (const url of [`${auth}/me`, `${resource}/storage`]) {
        const refusal = await ask(page, { url })
        t.equal(refusal?.status, 401)
        t.match(refusal?.headers['www-authenticate'], /^Bearer/, 'the page can read the challenge')
      }
      t.equal(await ask(stranger, { url: `${auth}/session`, method: 'POST', body }), undefined)
      t.equal(await ask(stranger, { url: `${auth}/me`, headers: bearer }), undefined)
      t.equal(await ask(stranger, { url: `${resource}/storage`, headers: bearer }), undefined)
      for (const path of ['jwks.json', 'oauth-authorization-server', 'openid-configuration'])
        t.equal((await ask(stranger, { url: `${auth}/.well-known/${path}` }))?.status, 200, path)
    })
  }

  await t.test('gateway: a listed page renews and logs out with the cookie', async t => {
    const auth = places.gateway.auth
    const credentials = 'include' as const
    t.equal((await ask(page, { url: `${auth}/session`, method: 'POST', body: user, credentials }))?.status, 201)
    const renewal = { url: `${auth}/session/renew`, method: 'POST', credentials }
    t.equal((await ask(page, renewal))?.status, 200)
    t.equal((await ask(page, { url: `${auth}/session`, method: 'DELETE', credentials }))?.status, 204)
    t.equal((await ask(page, renewal))?.status, 401, 'the cookie is gone')
    t.equal(await ask(stranger, renewal), undefined)
  })

  await t.test('gateway: a listed page reads a refusal of the gateway itself', async t => {
    const refusal = await ask(page, { url: `${gateway}/nothing` })
    t.equal(refusal?.status, 404)
    t.ok(refusal?.headers['x-request-id'], 'the page can read the request id')
    t.equal(await ask(stranger, { url: `${gateway}/nothing` }), undefined)
  })
})
