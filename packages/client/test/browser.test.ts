/** The client in real Chromium: three tabs of the example page, one cookie, real services. */
import t from 'tap'
import { openTab, request, signIn, skip, stage, untilState } from './helpers/chromium.ts'

const day = 24 * 3600 * 1000
const lifetimeMs = 2000
/** A visible page renews after three quarters of the lifetime. */
const renewalMs = 0.75 * lifetimeMs

if (skip) console.error(`\n*** browser.test: ${skip} ***\n`)

t.test('Chromium: three tabs, and private mode', { skip, timeout: 120_000 }, async t => {
  const { browser, system, login, other, url, hold, renewals } = await stage(t, lifetimeMs / 1000)
  const context = await browser.newContext()
  // Tests move the wall clock by this.
  await context.addInitScript(() => {
    const { now } = Date
    Date.now = () => now() + Number(sessionStorage.getItem('offset') ?? 0)
  })
  const first = await openTab(context, url)
  await untilState(first, 'signed-out')
  await signIn(first, login)
  const tabs = [first, await openTab(context, url), await openTab(context, url)]
  for (const tab of tabs) await untilState(tab, 'signed-in')
  const served = async (message: string) => {
    for (const tab of tabs) t.equal(await request(tab), 200, message)
  }

  await t.test('renewals ahead of expiry are shared by the tabs', async () => {
    const before = renewals()
    const startedMs = performance.now()
    while (renewals() < before + 3) await first.waitForTimeout(50)
    const tookMs = performance.now() - startedMs
    t.ok(tookMs > 1.5 * renewalMs, `three renewals in ${Math.round(tookMs)} ms: not one of each tab`)
    await served('after two lifetimes')
  })

  await t.test('sleep and wake: frozen tabs, expired tokens, a wall clock that went on', async () => {
    const sessions = await Promise.all(tabs.map(tab => context.newCDPSession(tab)))
    for (const cdp of sessions) await cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
    await new Promise(resolve => setTimeout(resolve, lifetimeMs + 500))
    for (const cdp of sessions) await cdp.send('Page.setWebLifecycleState', { state: 'active' })
    await served('after sleep')
  })

  await t.test('the clock is moved by a day, forwards and back', async () => {
    for (const offset of [day, -day, 0]) {
      for (const tab of tabs)
        await tab.evaluate((offset: number) => sessionStorage.setItem('offset', `${offset}`), offset)
      await served(`offset ${offset}`)
    }
  })

  await t.test('a reload while a renewal is under way repeats it', async () => {
    let release: (value?: unknown) => void = () => {}
    hold.set('/session/renew', new Promise(resolve => (release = resolve)))
    const before = renewals()
    await first.reload()
    while (renewals() === before) await first.waitForTimeout(20)
    await first.reload({ waitUntil: 'commit' })
    hold.delete('/session/renew')
    release()
    await untilState(first, 'signed-in')
    await served('after a reload')
  })

  await t.test('offline and back', async () => {
    await context.setOffline(true)
    t.not(await request(first), 200)
    await first.waitForTimeout(lifetimeMs + 500)
    for (const tab of tabs) t.notMatch(await tab.textContent('#state'), 'signed-out')
    await context.setOffline(false)
    for (const tab of tabs) await untilState(tab, 'signed-in')
    await served('online again')
  })

  await t.test(
    'sign-in of another user in another tab reaches every tab, and nothing of the first remains',
    async () => {
      await tabs[1]?.click('#sign-out')
      for (const tab of tabs) await untilState(tab, 'signed-out')
      if (tabs[1]) await signIn(tabs[1], other)
      for (const tab of tabs) {
        await untilState(tab, 'signed-in')
        const me = await tab.evaluate(() => globalThis.client.fetch('/me').then(response => response.json()))
        t.equal(me.email, other.email)
      }
    },
  )

  await t.test('a session that is revoked elsewhere ends in every tab within a second', async () => {
    const elsewhere = await system.login(other)
    const call = system.auths[0]?.call
    const list = await call?.('/sessions', { token: elsewhere.accessToken })
    const { sessions } = (list?.body ?? { sessions: [] }) as { sessions: { id: string; current: boolean }[] }
    const startedMs = performance.now()
    for (const { id } of sessions.filter(({ current }) => !current)) {
      await call?.(`/sessions/${id}`, { method: 'DELETE', token: elsewhere.accessToken })
    }
    const revokedMs = performance.now()
    await Promise.all(tabs.map(tab => untilState(tab, 'signed-out')))
    const tookMs = performance.now() - revokedMs
    t.ok(
      tookMs < 1000,
      `${Math.round(tookMs)} ms after the revocation, which took ${Math.round(revokedMs - startedMs)} ms`,
    )
    t.match(await first.textContent('#state'), 'session-ended')
  })

  await t.test('private mode without storage: sign-in, renewals and sign-out', async () => {
    const context = await browser.newContext()
    await context.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(globalThis, name, {
          get() {
            throw new DOMException('Access is denied.', 'SecurityError')
          },
        })
      }
    })
    const page = await openTab(context, url)
    await signIn(page, login)
    await page.waitForTimeout(lifetimeMs + 500)
    t.equal(await request(page), 200)
    await page.reload()
    await untilState(page, 'signed-in')
    await page.click('#sign-out')
    await untilState(page, 'signed-out')
  })
})
