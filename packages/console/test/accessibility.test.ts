/** axe on every page of both bundles: light, dark, 200 % zoom, reduced motion; nothing is wider than a phone. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { BrowserContextOptions, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { skip, startStage } from './helpers/stage.ts'

if (skip) console.error(`\n*** accessibility.test: ${skip} ***\n`)

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const modes: Record<string, BrowserContextOptions> = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  // A browser that zooms gives the page half as many, larger pixels.
  '200 % zoom': { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
  'reduced motion, narrow phone': { reducedMotion: 'reduce', viewport: { width: 320, height: 640 } },
}

interface Finding {
  id: string
  nodes: { target: string[] }[]
}

declare global {
  var axe: { run: (options: object) => Promise<{ violations: Finding[] }> }
}

async function check(t: Test, page: Page, name: string): Promise<void> {
  await page.waitForSelector('[aria-busy=true]', { state: 'detached' })
  await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'))
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const { violations } = await page.evaluate(values => globalThis.axe.run({ runOnly: { type: 'tag', values } }), tags)
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  t.same(found, [], name)
  const isInside = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth
  t.ok(await page.evaluate(isInside), `${name}: does not scroll sideways`)
  const shifts = await page.evaluate(() => globalThis.shifts)
  const sum = shifts.reduce((total, { value }) => total + value, 0)
  t.ok(sum < 0.01, `${name}: moves by ${sum.toFixed(4)} while it loads: ${JSON.stringify(shifts)}`)
}

t.test('accessibility', { skip, timeout: 280_000 }, async t => {
  const { system, url, violations, open, openAs } = await startStage(t, {
    resources: 1,
    env: { PUBLIC_CLIENTS: 'television' },
  })
  const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })
  const ada = await system.createAccount('ada@example.org', { scopes: ['storage:restricted'] })
  await system.login(ada)
  const { accessToken: token } = await system.login(admin)
  const call = system.auths[0]?.call
  const list = (await call?.('/admin/users?email=ada', { token }))?.body as { users: { id: string }[] }
  const id = list.users[0]?.id ?? ''
  await call?.(`/admin/users/${id}/sessions/end`, { token, body: { reason: 'a test' } })
  await system.login(ada)

  const begin = async (): Promise<string> => {
    const form = new URLSearchParams({ client_id: 'television' })
    const response = await fetch(`${url}/oauth/device_authorization`, { method: 'POST', body: form })
    return ((await response.json()) as { user_code: string }).user_code
  }

  for (const [mode, options] of Object.entries(modes)) {
    await t.test(mode, async t => {
      const page = await openAs(admin, '/console', options)
      await page.waitForSelector('tbody >> text=resource-1')
      await check(t, page, 'overview')
      const visit = async (path: string, ready: string) => {
        await page.goto(`${url}/console/${path}`)
        await page.waitForSelector(ready)
        await check(t, page, path)
      }
      await visit('users', 'tbody >> text=ada@')
      await visit(`users/${id}`, 'tbody >> text=127.0.0.1')
      await page.click('button:has-text("Disable")')
      await check(t, page, 'drawer')
      await page.keyboard.press('Escape')
      await page.click('button:has-text("More")')
      await check(t, page, 'menu')
      await visit('sessions', 'text=No criterion yet')
      await visit('revocations', 'tbody >> text=user.end-sessions')
      await visit('revocations/1', 'text=In force after')
      await visit('audit?action=session.start', 'tbody >> text=session.start')
      await visit('clients', 'tbody >> text=resource')
      await visit('keys', 'tbody >> text=resource-1')
      await page.click('text=Announce a key')
      await page.click('dialog >> button[type=submit]')
      await page.waitForSelector('[role=alert] >> text=set KEY_ENCRYPTION_KEYS on every replica')
      await check(t, page, 'keys: the database cannot store one')
      await visit('end-all', 'text=End every session of every account')
      await visit('nowhere', 'text=Page not found')
      await page.goto(`${url}/account`)
      await page.waitForSelector('.device >> text=This device')
      await check(t, page, 'account')
      await page.goto(`${url}/account/device?user_code=${await begin()}`)
      await page.waitForSelector('text=Log out')
      await check(t, page, 'device: code')
      await page.click('text=Continue')
      await page.waitForSelector('text=television')
      await check(t, page, 'device: decision')
      await page.click('button:text-is("Deny")')
      await page.waitForSelector('text=The device gets no access.')
      await check(t, page, 'device: denied')
      await page.context().close()

      const login = await open(options)
      await login.goto(`${url}/account`)
      await login.fill('[name=email]', 'ada@example.org')
      await login.fill('[name=password]', 'wrong')
      await login.click('button[type=submit]')
      await login.waitForSelector('[role=alert]')
      // The answer to the act of the user, which a busy service gives late, moves the form on purpose.
      await login.evaluate(() => globalThis.shifts.splice(0))
      await check(t, login, 'log-in')
      await login.context().close()
    })
  }
  t.same(violations, [], 'no violation of the Content-Security-Policy')
})
