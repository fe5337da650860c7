/** `/account` in real Chromium, and step-up in the console: passwords that must change, devices, a recent log-in. */
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { logIn, skip, startStage } from './helpers/stage.ts'

if (skip) console.error(`\n*** account.test: ${skip} ***\n`)

t.test('account', { skip, timeout: 280_000 }, async t => {
  const { system, url, violations, open, openAs } = await startStage(t, {
    resources: 1,
    env: { RECENT_LOGIN_SECONDS: '3', PUBLIC_CLIENTS: 'television,gatehouse-cli' },
  })
  const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })
  const email = 'ada@example.org'

  await t.test('a first visit sends no renewal and logs no error; a reload after the log-in goes on', async t => {
    const page = await open()
    const renewals: string[] = []
    const errors: string[] = []
    page.on('request', request => request.url().endsWith('/renew') && renewals.push(request.url()))
    page.on('console', message => message.type() === 'error' && errors.push(message.text()))
    await page.goto(`${url}/account`)
    await page.waitForSelector('[name=email]')
    t.same([renewals, errors], [[], []])
    await logIn(page, admin)
    await page.waitForSelector('.device >> text=This device')
    await page.evaluate(() => localStorage.clear())
    await page.reload()
    await page.waitForSelector('.device >> text=This device')
    t.same([renewals.length, errors], [1, []], 'the readable cookie is enough')
    await page.click('.topbar >> text=Log out')
    await page.waitForSelector('[name=email]')
    await page.waitForFunction(() => !document.cookie.includes('gatehouse-signed-in'))
    await page.context().close()
  })

  await t.test('an old log-in is asked for the password, and the act goes on', async () => {
    const page = await openAs(admin, '/console/users')
    await page.waitForSelector('tbody >> text=admin@')
    // A log-in is recent for three seconds.
    await page.waitForTimeout(4500)
    await page.click('text=New user')
    await page.fill('dialog >> [type=email]', email)
    await page.click('dialog >> button[type=submit]')
    const question = page.locator('dialog:has-text("Enter your password")')
    await question.locator('[type=password]').fill('wrong')
    await question.locator('button[type=submit]').click()
    await question.locator('[role=alert]').waitFor()
    await question.locator('[type=password]').fill(admin.password)
    await question.locator('button[type=submit]').click()
    await page.waitForSelector('dialog >> text=can log in')
    const initial = (await page.textContent('dialog code')) ?? ''
    await page.context().close()

    const tab = await open()
    await tab.goto(`${url}/account`)
    await logIn(tab, { email, password: initial })
    await tab.waitForSelector('[role=alert] >> text=The password must be changed before log-in.')
    await tab.fill('[name=newPassword]', 'short')
    await tab.click('button[type=submit]')
    await tab.waitForSelector('[role=alert] >> text=/newPassword: /')
    const password = `${randomUUID()} ${randomUUID()}`
    await tab.fill('[name=newPassword]', password)
    await tab.click('button[type=submit]')
    await tab.waitForSelector('.device >> text=This device')
    await checkDevices({ email, password })
    await tab.context().close()
  })

  async function checkDevices(login: { email: string; password: string }): Promise<void> {
    const page = await openAs(login, '/account')
    const elsewhere = await openAs(login, '/account')
    await page.reload()
    await page.waitForFunction(() => document.querySelectorAll('.device:not(.skeleton)').length === 3)
    await page.click('.device:not(:has-text("This device")) >> button')
    await page.waitForSelector('[role=status] >> text=1 session ended, and signed out everywhere.')
    await page.waitForFunction(() => document.querySelectorAll('.device').length === 2)
    await page.waitForSelector('.ended >> text=revoked')

    await page.fill('[autocomplete=current-password]', login.password)
    await page.fill('[autocomplete=new-password]', randomUUID())
    await page.uncheck('text=End my other sessions')
    await page.click('text=Change password')
    await page.waitForSelector('[role=status] >> text=The password was changed.')
    const loaded = await page.evaluate(() => {
      const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
      return entries.filter(({ name }) => name.endsWith('.js')).reduce((sum, entry) => sum + entry.encodedBodySize, 0)
    })
    t.ok(loaded > 0 && loaded <= 12_000, `all of this took ${loaded} bytes of script`)
    await page.fill('[autocomplete=current-password]', 'wrong')
    await page.fill('[autocomplete=new-password]', randomUUID())
    await page.click('text=Change password')
    await page.waitForSelector('[role=alert] >> text=The current password is wrong.')
    await elsewhere.context().close()
    await page.click('.topbar >> text=Log out')
    await page.waitForSelector('[name=email]')
    await page.context().close()
  }

  await t.test('/account/device: approves, denies, and says what is wrong with a code', async t => {
    const user = await system.createAccount('grace@example.org', { scopes: ['storage:read'] })
    const begin = async (client: object = { client_id: 'television', scope: 'storage:read' }) => {
      const form = new URLSearchParams({ ...client })
      const response = await fetch(`${url}/oauth/device_authorization`, { method: 'POST', body: form })
      return (await response.json()) as Record<'user_code' | 'device_code' | 'verification_uri_complete', string>
    }
    const poll = async (device_code: string) => {
      const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
      const form = new URLSearchParams({ client_id: 'television', grant_type, device_code })
      return (await fetch(`${url}/oauth/token`, { method: 'POST', body: form })).json() as Promise<object>
    }
    const first = await begin()
    const page = await openAs(user, new URL(first.verification_uri_complete).href.slice(url.length))
    await page.click('text=Continue')
    await page.waitForSelector(`text=${first.user_code}`)
    t.match(await page.textContent('main'), /television asks for access to the account grace@.*storage:read/)
    await page.click('button:text-is("Approve")')
    await page.waitForSelector('[role=status] >> text=Approved: television.')
    t.hasProp(await poll(first.device_code), 'refresh_token')
    await page.click('text=My devices')
    await page.waitForSelector('.device >> text=television')

    const second = await begin()
    await page.goto(`${url}/account/device`)
    await page.fill('input', second.user_code.toLowerCase().replace('-', ' '))
    await page.click('text=Continue')
    await page.click('button:text-is("Deny")')
    await page.waitForSelector('[role=status] >> text=Denied: television.')
    t.match(await poll(second.device_code), { error: 'access_denied' })

    // The time of a log-in has whole seconds.
    await page.waitForTimeout(1100)
    const third = await begin({ client_id: 'gatehouse-cli' })
    t.notOk('verification_uri_complete' in third, 'no link fills the code of a log-in in')
    await page.goto(`${url}/account/device`)
    await page.fill('input', third.user_code)
    await page.click('text=Continue')
    await page.waitForSelector(
      '[role=note] >> text=Approve only if you have just run gatehouse login --device yourself.',
    )
    await page.click('button:text-is("Approve")')
    const question = page.locator('dialog:has-text("Enter your password")')
    await question.locator('[type=password]').fill(user.password)
    await question.locator('button[type=submit]').click()
    await page.waitForSelector('[role=status] >> text=Approved: gatehouse-cli.')

    await page.goto(`${url}/account/device`)
    await page.fill('input', 'BCDF')
    await page.click('text=Continue')
    await page.waitForSelector('[role=alert] >> text=The code has 8 letters.')
    await page.fill('input', first.user_code)
    await page.click('text=Continue')
    await page.waitForSelector('[role=alert] >> text=No device waits with this code.')
    for (
      let left = 10;
      left > 0 && (await page.locator('text=There were too many wrong codes').count()) === 0;
      left -= 1
    ) {
      const answer = page.waitForResponse(/device\/lookup/)
      await page.click('button:not([disabled]):has-text("Continue")')
      await answer
    }
    await page.waitForSelector('[role=alert] >> text=There were too many wrong codes.')
    await page.context().close()
  })

  t.same(violations, [], 'no violation of the Content-Security-Policy, no error in a page')
})
