/** Real Chromium in front of the real services: a browser and a system for one test file. */
import { existsSync } from 'node:fs'
import { type Login, type System, systemOf } from '@gatehouse/e2e'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

/** The reason for tap's `skip`, or false where there is a browser. */
export const skip: string | false = existsSync(executablePath) ? false : `NO BROWSER at ${executablePath}: skipped`

/** Generous, because the machine may be busy; nothing waits longer than its event. */
export const eventMs = 40_000

export interface Stage {
  system: System
  browser: Browser
  url: string
  /** Violations of the Content-Security-Policy in all pages so far. */
  violations: string[]
  open: (options?: BrowserContextOptions) => Promise<Page>
  /** Opens a page of its own browser context, and logs in. */
  openAs: (login: Login, path: string, options?: BrowserContextOptions) => Promise<Page>
}

export interface StageOptions {
  resources: number
  env?: Record<string, string>
}

export async function startStage(t: Test, { resources, env = {} }: StageOptions): Promise<Stage> {
  const system = await systemOf(t, { resources, env })
  const browser = await chromium.launch({ executablePath, args })
  t.teardown(() => browser.close())
  const violations: string[] = []
  const open: Stage['open'] = async (options = {}) => {
    const context = await browser.newContext(options)
    context.setDefaultTimeout(eventMs)
    await context.addInitScript(measureShifts)
    const page = await context.newPage()
    page.on('console', message => {
      if (/Content Security Policy|TrustedHTML|TrustedScript/i.test(message.text())) violations.push(message.text())
    })
    page.on('pageerror', error => violations.push(String(error)))
    return page
  }
  const openAs: Stage['openAs'] = async (login, path, options) => {
    const page = await open(options)
    await page.goto(system.issuer + path)
    await logIn(page, login)
    return page
  }
  return { system, browser, url: system.issuer, violations, open, openAs }
}

/** Runs in each page before its own scripts. */
function measureShifts(): void {
  globalThis.shifts = []
  const observer = new PerformanceObserver(list => {
    for (const entry of list.getEntries() as (PerformanceEntry & Shift)[]) {
      if (entry.hadRecentInput) continue
      const moved = entry.sources.map(({ node }) => (node as Element | null)?.outerHTML?.slice(0, 80) ?? 'a text')
      globalThis.shifts.push({ value: entry.value, moved })
    }
  })
  observer.observe({ type: 'layout-shift', buffered: true })
}

interface Shift {
  value: number
  hadRecentInput: boolean
  sources: { node: Node | null }[]
}

declare global {
  /** What moved since the page was loaded, without an act of the user. */
  var shifts: { value: number; moved: string[] }[]
}

export async function logIn(page: Page, { email, password }: Login): Promise<void> {
  await page.fill('[name=email]', email)
  await page.fill('[name=password]', password)
  await page.click('button[type=submit]')
}

/** The user's page of the console. */
export async function openUser(page: Page, email: string): Promise<void> {
  await page.click('nav.side >> text=Users')
  await page.click(`table a:has-text("${email}")`)
  await page.waitForSelector(`h1:has-text("${email}")`)
}
