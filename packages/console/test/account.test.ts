/** `/account` in real Chromium, and step-up in the console: passwords that must change, devices, a recent log-in. */
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { logIn, skip, startStage } from './helpers/stage.ts'

if (skip) console.error(`\n*** account.test: ${skip} ***\n`)

t.test('account', { skip, timeout: 280_000 }, async t => {
  const { system, url, violations, open, openAs } = await startStage(t, {
    resources: 1,
    env: { RECENT_LOGIN_SECONDS: '1' },
  })
  const admin = await system.createAccount('admin@example.org', ['--role', 'admin'])
  const email = 'ada@example.org'

  await t.test('an old log-in is asked for the password, and the act goes on', async () => {
    const page = await openAs(admin, '/console/users')
    await page.waitForSelector('tbody >> text=admin@')
    // A log-in is recent for a second.
    await page.waitForTimeout(2500)
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
    await page.waitForFunction(() => document.querySelectorAll('.device:not(.skeleton)').length === 3)
    await page.click('.device:not(:has-text("This device")) >> button')
    await page.waitForSelector('[role=status] >> text=1 session ended, and signed out everywhere.')
    await page.waitForFunction(() => document.querySelectorAll('.device').length === 2)

    await page.fill('[autocomplete=current-password]', 'wrong')
    await page.fill('[autocomplete=new-password]', randomUUID())
    await page.click('text=Change password')
    await page.waitForSelector('[role=alert] >> text=The current password is wrong.')
    await page.fill('[autocomplete=current-password]', login.password)
    await page.uncheck('text=End my other sessions')
    await page.click('text=Change password')
    await page.waitForSelector('[role=status] >> text=The password was changed.')
    await elsewhere.context().close()
    await page.click('.topbar >> text=Log out')
    await page.waitForSelector('[name=email]')
    await page.context().close()
  }

  t.same(violations, [], 'no violation of the Content-Security-Policy, no error in a page')
})
