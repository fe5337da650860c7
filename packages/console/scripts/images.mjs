/** `pnpm run docs:images`: takes the pictures of the pages in docs/images, from a system of its own. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSystem } from '@gatehouse/e2e'
import { startPostgres } from '@gatehouse/testkit'
import { chromium } from 'playwright-core'

const folder = 'docs/images'
const users = ['ada', 'grace', 'alan', 'barbara', 'edsger', 'margaret', 'dennis', 'katherine', 'linus', 'radia']
const webKit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
const devices = [
  [
    'MacBook',
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${webKit} Chrome/140.0.0.0 Safari/537.36`,
    '203.0.113.7',
  ],
  [
    'iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    '198.51.100.23',
  ],
  ['Workshop PC', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0', '203.0.113.80'],
]

const postgres = await startPostgres({ dataDir: mkdtempSync(join(tmpdir(), 'gatehouse-images-')), persistent: false })
const env = {
  TRUST_PROXY: '127.0.0.1',
  KEY_ENCRYPTION_KEYS: `1:${'0'.repeat(64)}`,
  PUBLIC_CLIENTS: 'television',
}
const system = await startSystem({ databaseUrl: postgres.url, auths: 1, resources: 0, env })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
})
try {
  for (const name of ['warehouse-1', 'warehouse-2', 'billing-1', 'search-1']) {
    await system.addResource({ env: { GUARD_NAME: name } })
  }
  const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })
  const logins = []
  for (const [index, name] of users.entries()) {
    const login = await system.createAccount(`${name}@example.org`)
    logins.push(login)
    for (const device of devices.slice(0, index === 0 ? 3 : index % 3)) await startSession(login, device)
  }
  for (const scheme of ['light', 'dark']) await takePictures(scheme, admin, logins)
} finally {
  await browser.close()
  await system.stop()
  await postgres.stop()
}

async function startSession(login, [device, agent, address]) {
  const headers = { 'user-agent': agent, 'x-forwarded-for': address }
  await system.auths[0].call('/session', { body: { ...login, transport: 'body', device }, headers })
}

async function takePictures(scheme, admin, [ada, grace]) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: scheme })
  const page = await context.newPage()
  const save = async name => {
    await page.waitForSelector('[aria-busy=true]', { state: 'detached' })
    await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'))
    await page.screenshot({ path: `${folder}/console-${name}-${scheme}.png` })
  }
  const open = path => page.goto(`${system.issuer}/${path}`)
  const logIn = async ({ email, password }) => {
    await page.fill('[name=email]', email)
    await page.fill('[name=password]', password)
    await page.click('button[type=submit]')
  }

  await open('console')
  await logIn(admin)
  await page.waitForSelector('nav')
  await open('console/users?email=grace')
  await page.click(`text=${grace.email}`)
  await page.click('button:has-text("End all sessions")')
  await page.click('dialog button[type=submit]')
  await page.waitForSelector('text=In force')
  await startSession(grace, devices[0])

  await open('console/users?email=ada')
  await page.click(`text=${ada.email}`)
  await page.click('tr:has-text("iPhone") >> button')
  await page.fill('dialog input', 'phone lost on the train')
  system.resources[2].freeze()
  await page.click('dialog button[type=submit]')
  await page.waitForSelector('text=/waits for its lease/')
  await save('user')
  system.resources[2].thaw()
  await page.waitForSelector('text=In force')
  await startSession(ada, devices[1])

  await open('console')
  await page.waitForSelector('text=4 guards up to date')
  await save('overview')
  await open('console/audit?address=203.0.113.7')
  await page.waitForSelector('td >> text=session.start')
  await save('audit')
  await open('console/keys')
  await page.waitForSelector('tbody .pill.ok')
  await page.click('text=Announce a key')
  system.resources[2].freeze()
  await page.click('dialog button[type=submit]')
  await page.waitForSelector('text=/waits for its lease/')
  if (scheme === 'light') await save('keys')
  system.resources[2].thaw()
  await page.waitForSelector('text=In force')
  await page.keyboard.press('Escape')
  await page.click('[aria-label="Log out"]')
  await open('account')
  await logIn(ada)
  await page.waitForSelector('.device >> text=Workshop PC')
  await save('account')
  const body = new URLSearchParams({ client_id: 'television' })
  const response = await fetch(`${system.issuer}/oauth/device_authorization`, { method: 'POST', body })
  await page.goto((await response.json()).verification_uri_complete)
  await page.click('text=Continue')
  await page.waitForSelector('text=television')
  if (scheme === 'light') await save('device')
  await page.click('.topbar >> text=Log out')
  await page.waitForSelector('[name=email]')
  await context.close()
}
