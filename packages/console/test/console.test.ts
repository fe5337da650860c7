/** The console in real Chromium: what admins and auditors do, and what goes wrong meanwhile. */
import { randomUUID } from 'node:crypto'
import type { Login } from '@gatehouse/e2e'
import t from 'tap'
import { logIn, openUser, skip, startStage } from './helpers/stage.ts'

declare global {
  /** Clicks of the user, counted in the page. */
  var clicks: number
}

if (skip) console.error(`\n*** console.test: ${skip} ***\n`)

t.test('console', { skip, timeout: 280_000 }, async t => {
  const { system, url, violations, openAs } = await startStage(t, {
    resources: 2,
    env: { LEASE_MS: '8000', POLL_HOLD_MS: '2000', KEY_ENCRYPTION_KEYS: `1:${'0'.repeat(64)}` },
  })
  const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })
  const second = await system.createAccount('grace@example.org', { roles: ['admin'] })
  const auditor = await system.createAccount('olga@example.org', { roles: ['auditor'] })
  const bob = await system.createAccount('bob@example.org')
  const ada = await system.createAccount('ada@example.org')
  const call = system.auths[0]?.call
  const startSession = (login: Login, device: string) =>
    call?.('/session', { body: { ...login, transport: 'body', device } })
  const page = await openAs(admin, '/console')
  await page.waitForSelector('h1:has-text("Overview")')

  await t.test('ends a device in three clicks: its tab is logged out, the receipt is in force', async t => {
    const tab = await openAs(ada, '/account')
    await tab.waitForSelector('.device >> text=This device')
    await startSession(ada, 'laptop')
    await startSession(ada, 'phone')
    await page.click('nav.side >> text=Users')
    await page.waitForSelector(`table a:has-text("${ada.email}")`)
    await page.evaluate(() => {
      globalThis.clicks = 0
      addEventListener('click', event => event.isTrusted && globalThis.clicks++, { capture: true })
    })
    await page.click(`table a:has-text("${ada.email}")`)
    await page.waitForSelector(`h1:has-text("${ada.email}")`)
    t.equal(await page.locator('[aria-label=Sessions] tbody tr').count(), 3)
    await page.click('tr:not(:has-text("laptop")):not(:has-text("phone")) >> button:has-text("End")')
    await page.locator('dialog >> [placeholder="laptop lost"]').fill('lost on the train')
    await page.click('dialog >> button[type=submit]')
    await page.waitForSelector('dialog >> [role=status] >> text=/In force after .* at 2 guards/')
    t.equal(await page.evaluate(() => globalThis.clicks), 3, 'from the list of users')
    t.equal(await page.locator('dialog .guards .ok').count(), 2)
    await tab.waitForSelector('text=This session is over.')
    await page.keyboard.press('Escape')
    await page.waitForSelector('[aria-label="Ended sessions"] tr:has-text("revoked")')
    t.equal(await page.locator('[aria-label=Sessions] tbody tr').count(), 2)
  })

  await t.test('a frozen guard waits for its lease, then the receipt says so', async t => {
    const frozen = system.resources[1]
    frozen?.freeze()
    await page.click('tr:has-text("phone") >> button:has-text("End")')
    await page.click('dialog >> button[type=submit]')
    await page.waitForSelector('dialog >> text=/waits for its lease, \\d+ s left/')
    t.equal(await page.locator('dialog .guards .ok').count(), 1, 'the other has acknowledged')
    t.match(await page.textContent('dialog .verdict'), /Waiting for 1 of 2 guards/)
    await page.waitForSelector('dialog >> text=/lease ended/')
    t.match(await page.textContent('dialog .verdict'), /In force after .* at 2 guards/)
    frozen?.thaw()
    await page.keyboard.press('Escape')
  })

  await t.test('two admins on an account: the later sees the difference, and decides again', async t => {
    await openUser(page, ada.email)
    await page.click('button:has-text("Disable")')
    const other = await openAs(second, '/console')
    await openUser(other, ada.email)
    await other.click('button:has-text("More")')
    await other.click('text=Require a new password')
    await other.click('dialog >> button[type=submit]')
    await other.waitForSelector('dialog >> text=In force')
    await page.click('dialog >> button[type=submit]')
    const difference = page.locator('dialog .difference')
    await difference.waitFor()
    t.match(await page.textContent('dialog [role=alert]'), 'The resource has changed in the meantime.')
    t.match(await difference.textContent(), /valid.*must change/)
    await page.click('dialog >> button[type=submit]')
    await page.waitForSelector('dialog >> text=In force')
    await page.keyboard.press('Escape')
    await page.waitForSelector('dl >> text=disabled')
    await page.click('button:has-text("Enable")')
    await page.click('dialog >> button[type=submit]')
    await page.waitForSelector('dialog >> text=In force')
    await page.keyboard.press('Escape')
  })

  await t.test('hostile names are shown as text', async t => {
    const hostile = '<img src=x onerror=alert(1)>@example.org'
    const long = `${'a'.repeat(240)}@example.org`
    const rtl = '\u202Egro.elpmaxe@example.org'
    const { accessToken: token } = await system.login(admin)
    for (const email of [hostile.replaceAll(' ', '/'), long, rtl]) {
      const body = { email, password: randomUUID(), roles: ['<script>alert(1)</script>'] }
      t.equal((await call?.('/admin/users', { token, body }))?.status, 201, email.slice(0, 40))
    }
    await page.click('nav.side >> text=Users')
    await page.waitForSelector('td >> text=<img/src=x/onerror=alert(1)>@example.org')
    t.equal(await page.locator('td img, td script').count(), 0)
    await page.waitForSelector(`td >> text=${long}`)
    const isInside = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth
    t.ok(await page.evaluate(isInside), 'a long name does not widen the page')
  })

  await t.test('an address that is taken is a conflict, and the form says what to do', async () => {
    await page.click('text=New user')
    await page.fill('dialog >> [type=email]', bob.email)
    await page.click('dialog >> button[type=submit]')
    await page.waitForSelector('dialog [role=alert] >> text=The request conflicts with existing data.')
    t.match(await page.textContent('dialog [role=alert]'), 'Choose another value.')
    await page.keyboard.press('Escape')
  })

  await t.test('an admin ends all sessions of the own account: the receipt stays, also on the log-in page', async t => {
    const own = await openAs(second, '/console')
    await openUser(own, second.email)
    await own.click('button:has-text("End all sessions")')
    await own.waitForSelector('dialog >> text=This is your own account: you will be logged out.')
    await own.fill('dialog >> [autocomplete=off]', 'myself')
    await own.click('dialog >> button[type=submit]')
    await own.waitForSelector('dialog >> text=/In force after .* at 2 guards/')
    const [, seq] = /revocations\/(\d+)$/.exec(own.url()) ?? []
    await own.keyboard.press('Escape')
    await own.waitForSelector(
      `[role=status] >> text=/Receipt ${seq}: in force after .* at 2 guards, \\d+ sessions? ended/`,
    )
    await logIn(own, second)
    await own.waitForSelector(`h1:has-text("Receipt ${seq}")`)
    t.equal(await own.locator('[name=email]').count(), 0)
    await own.context().close()
  })

  await t.test('sessions by criteria: the count follows the typing; the audit log has the entry, by URL', async t => {
    await startSession(bob, 'tablet')
    await startSession(bob, 'tablet')
    await page.click('nav.side >> text=Sessions')
    await page.fill('[placeholder=laptop]', 'tablet')
    await page.waitForSelector('text=Matches 2 sessions of 1 account')
    await page.click('text=End matching sessions')
    await page.click('dialog >> button[type=submit]')
    await page.waitForSelector('dialog >> text=In force')
    await page.click('dialog >> text=Audit entry')
    await page.waitForSelector('td >> text=session.revoked')
    t.match(page.url(), /\/console\/audit\?seq=\d+$/)
    const download = page.waitForEvent('download')
    await page.click('text=Export NDJSON')
    t.equal((await download).suggestedFilename(), 'audit.ndjson')
  })

  await t.test('a service client: its secret is shown once, and rotates with an overlap', async t => {
    await page.click('nav.side >> text=Service clients')
    await page.click('text=New client')
    await page.fill('dialog >> [placeholder=warehouse]', 'robot')
    await page.click('dialog >> button[type=submit]')
    const first = await page.textContent('dialog code')
    await page.keyboard.press('Escape')
    await page.click('tr:has-text("robot") >> button:has-text("Rotate")')
    await page.click('dialog >> text=Review')
    await page.click('dialog >> button[type=submit]')
    await page.waitForSelector('dialog >> text=New secret of robot')
    t.not(await page.textContent('dialog code'), first)
    await page.keyboard.press('Escape')
    await page.waitForSelector('tr:has-text("robot") >> text=the old one ends')
  })

  await t.test('a key is announced, activated and withdrawn, and the admin stays logged in', async t => {
    await page.click('nav.side >> text=Keys')
    await page.waitForSelector('tbody tr:has-text("active") >> .pill.ok >> text=resource-2')
    const old = (await page.textContent('tbody .mono')) ?? ''
    await page.click('text=Announce a key')
    await page.click('dialog >> button[type=submit]')
    await page.waitForSelector('dialog >> [role=status] >> text=/In force after .* at 2 guards/')
    t.equal(await page.locator('dialog .guards .ok').count(), 2)
    t.match(await page.textContent('dialog .verdict'), /Each of them verifies with the key/)
    await page.click('dialog >> text=Activate the key')
    await page.click('dialog >> button:text-is("Activate")')
    await page.waitForSelector('dialog >> text=New tokens are signed with')
    await page.keyboard.press('Escape')
    await page.click('tr:has-text("retired") >> button:has-text("Withdraw")')
    t.ok(await page.isDisabled('dialog >> button[type=submit]'), 'the key must be typed')
    await page.fill('dialog >> [autocomplete=off]', old)
    await page.click('dialog >> button[type=submit]')
    await page.waitForSelector('dialog >> text=Every token that the key signed is refused.')
    await page.click('dialog >> text=/Receipt \\d+/')
    await page.waitForSelector('h1 >> text=/Receipt/')
    await page.click('nav.side >> text=Keys')
    await page.waitForSelector(`tr:has-text("withdrawn") >> text=${old}`)
    t.equal(await page.locator('tbody tr').count(), 2)
  })

  await t.test('an auditor sees the same pages without a button that acts', async t => {
    const audit = await openAs(auditor, '/console')
    await audit.waitForSelector('h1:has-text("Overview")')
    t.same(await audit.locator('nav.side li').allTextContents(), [
      ...[' Overview', ' Users', ' Revocations', ' Audit', ' Service clients', ' Keys'],
    ])
    await startSession(bob, 'tablet')
    await openUser(audit, bob.email)
    await audit.waitForSelector('tbody >> text=tablet')
    const buttons = await audit.locator('main button').allTextContents()
    t.same(buttons, [])
    await audit.click('nav.side >> text=Service clients')
    await audit.waitForSelector('td >> text=robot')
    t.same(await audit.locator('main button').allTextContents(), [])
    await audit.click('nav.side >> text=Keys')
    await audit.waitForSelector('td >> text=withdrawn')
    t.same(await audit.locator('main button').allTextContents(), [])
  })

  await t.test(
    'by keyboard: / searches, Enter opens, Tab reaches the act, Esc closes and gives the focus back',
    async t => {
      await page.goto(`${url}/console/users`)
      await page.waitForSelector('tbody a')
      await page.keyboard.press('/')
      await page.keyboard.type('ada@')
      await page.waitForFunction(() => document.querySelectorAll('tbody a').length === 1)
      const tabTo = async (text: RegExp) => {
        for (let left = 60; left > 0; left -= 1) {
          await page.keyboard.press('Tab')
          const focused = await page.evaluate(() => document.activeElement?.textContent ?? '')
          if (text.test(focused)) return
        }
        throw new Error(`Tab does not reach ${text}`)
      }
      await tabTo(/^ada@/)
      await page.keyboard.press('Enter')
      await page.waitForSelector('h1:has-text("ada@example.org")')
      await tabTo(/^Disable$/)
      await page.keyboard.press('Enter')
      await page.waitForSelector('dialog[open]')
      await page.keyboard.press('Escape')
      await page.waitForSelector('dialog', { state: 'detached' })
      t.equal(await page.evaluate(() => document.activeElement?.textContent), 'Disable')
    },
  )

  await t.test('an account without a role sees only the way to its devices', async t => {
    const user = await system.createAccount('barbara@example.org')
    const tab = await openAs(user, '/console')
    await tab.waitForSelector('text=No access to the console')
    t.equal(await tab.locator('nav').count(), 0)
    await tab.click('text=My devices')
    await tab.waitForSelector('h1:has-text("My devices")')
    t.match(tab.url(), /\/account$/)
  })

  await t.test('the session of the admin ends at work: the page says why, and goes on after a log-in', async t => {
    const { accessToken: token } = await system.login(second)
    const { body } = (await call?.('/admin/users?email=admin@', { token })) ?? {}
    const [{ id } = { id: '' }] = (body as { users: { id: string }[] }).users
    await call?.(`/admin/users/${id}/sessions/end`, { token, body: {} })
    await page.waitForSelector('text=This session is over.')
    t.equal(await page.locator('table').count(), 0, 'no data stays on the page')
    await page.fill('[name=email]', admin.email)
    await page.fill('[name=password]', admin.password)
    await page.click('button[type=submit]')
    await page.waitForSelector('h1:has-text("ada@example.org")')
  })

  await t.test('the auth service is away: a banner, and no user is signed out', async t => {
    await page.click('nav.side >> text=Overview')
    await page.waitForSelector('tbody >> text=resource-1')
    system.auths[0]?.freeze()
    await page.route('**/admin/**', route => route.abort())
    await page.waitForSelector('[role=alert] >> text=You stay signed in')
    t.equal(await page.locator('tbody >> text=resource-1').count(), 1, 'what was shown stays')
    await page.unroute('**/admin/**')
    system.auths[0]?.thaw()
    await page.waitForSelector('[role=alert]', { state: 'detached' })
  })

  await t.test('two programs on a session: a hint to its user, a mark for the admin', async t => {
    const laptop = (await startSession(bob, 'shared laptop'))?.body as { refreshToken: string }
    // Six generations in a row that a second program repeats.
    for (let left = 6; left > 0; left -= 1) {
      for (const agent of ['owner/1', 'other/1']) {
        const headers = { 'user-agent': agent }
        const renewed = await call?.('/session/renew', { body: { refreshToken: laptop.refreshToken }, headers })
        t.equal(renewed?.status, 200)
        if (agent === 'other/1') Object.assign(laptop, renewed?.body)
      }
    }
    await openUser(page, bob.email)
    await page.waitForSelector('tr:has-text("shared laptop") >> .pill.warn >> text=shared')
    const tab = await openAs(bob, '/account')
    await tab.waitForSelector('.device:has-text("shared laptop") >> text=Two programs seem to use this session')
    await tab.context().close()
  })

  await t.test('end everything: a sentence, a countdown, a receipt that is there after the log-in', async t => {
    const stream = await fetch(`${system.resources[0]?.url}/storage/events`, {
      headers: { authorization: `Bearer ${(await system.login(bob)).accessToken}` },
    })
    const { accessToken: token } = await system.login(second)
    const openStreams = async () => {
      const { body } = (await call?.('/admin/guards', { token })) ?? {}
      return (body as { guards: { openStreams: number }[] }).guards.reduce((sum, guard) => sum + guard.openStreams, 0)
    }
    // A guard reports its streams with its next poll.
    while ((await openStreams()) === 0) await page.waitForTimeout(200)
    await page.click('nav.side >> text=End everything')
    await page.click('main >> button:has-text("End everything")')
    const submit = page.locator('dialog >> button[type=submit]')
    t.match(await submit.textContent(), /in \d s/)
    await page.waitForSelector('dialog >> text=Guards close all open streams and sockets: 1 stream now.')
    await page.waitForSelector('dialog >> button[type=submit]:text-is("End every session")')
    t.ok(await submit.isDisabled(), 'the countdown alone is not enough')
    await page.fill('dialog >> [autocomplete=off]', 'end every session')
    await submit.click()
    await page.waitForSelector('dialog >> [role=status] >> text=/In force after .* at 2 guards/')
    t.match(await stream.text(), 'event: closed', 'the stream is closed')
    await page.reload()
    await page.waitForSelector('[name=email]')
    await logIn(page, admin)
    await page.waitForSelector('h1:has-text("Receipt")')
    await page.waitForSelector('main >> [role=status] >> text=/In force after .* at 2 guards/')
  })

  t.same(violations, [], 'no violation of the Content-Security-Policy, no error in a page')
})
