/** Real Chromium for tests, and the example page in front of the real services. */
import { existsSync } from 'node:fs'
import { type Login, type System, systemOf } from '@gatehouse/e2e'
import { eventTimeoutMs } from '@gatehouse/testkit'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The reason for tap's `skip`, or false where there is a browser. */
export const skip: string | false = existsSync(executablePath) ? false : `NO BROWSER at ${executablePath}: skipped`

export interface Stage {
  browser: Browser
  system: System
  login: Login
  other: Login
  url: string
  /** Holds back answers of a path while a promise is pending. */
  hold: Map<string, Promise<unknown>>
  /** Renewals that reached the server. */
  renewals(): number
}

/** @param accessTokenSeconds lifetime of access tokens */
export async function stage(t: Test, accessTokenSeconds: number): Promise<Stage> {
  const env = { ACCESS_TOKEN_SECONDS: String(accessTokenSeconds), RETRY_WINDOW_MS: '0' }
  const system = await systemOf(t, { resources: 1, env })
  const hold = new Map<string, Promise<unknown>>()
  const seen: string[] = []
  const { startExample } = await import(new URL('../../../example/server.mjs', import.meta.url).href)
  const { url, close } = await startExample({
    authUrl: system.issuer,
    resourceUrl: system.resources[0]?.url,
    intercept: async (path: string) => {
      seen.push(path)
      await hold.get(path)
    },
  })
  const browser = await chromium.launch({ executablePath, args })
  t.teardown(async () => {
    await browser.close()
    await close()
  })
  const login = await system.createAccount('ada@example.org')
  const other = await system.createAccount('bob@example.org')
  const renewals = () => seen.filter(path => path.endsWith('/renew')).length
  return { browser, system, login, other, url, hold, renewals }
}

/** Opens a tab of the example page. */
export async function openTab(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  return page
}

export async function signIn(page: Page, { email, password }: Login): Promise<void> {
  await page.fill('[name=email]', email)
  await page.fill('[name=password]', password)
  await page.click('#sign-in button')
  await untilState(page, 'signed-in')
}

export async function untilState(page: Page, status: string, timeout = eventTimeoutMs): Promise<void> {
  await page.waitForSelector(`#state[data-status=${status}]`, { timeout })
}

declare global {
  var client: import('../../src/index.ts').Client
}

/** The status of a guarded request, or the code of its error. */
export function request(page: Page, path = '/storage'): Promise<number | string> {
  return page.evaluate(
    path =>
      globalThis.client.fetch(path).then(
        ({ status }) => status,
        error => error.code ?? String(error),
      ),
    path,
  )
}
