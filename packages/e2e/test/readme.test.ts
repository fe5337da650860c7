/** Runs the code of the README. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { codeOf, freePort, freshDatabase, httpClient, startProcess } from '@gatehouse/testkit'
import t from 'tap'
import { clientSecret, startSystem, until } from '../src/system.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

t.test('README: the integration example guards a service', async t => {
  const { url: databaseUrl, drop } = await freshDatabase()
  const system = await startSystem({ databaseUrl, auths: 1, resources: 0 })
  const code = example('guard')
  const entry = `${root}packages/e2e/dist/readme-${process.pid}.mjs`
  const port = String(await freePort())
  writeFileSync(entry, `${code}\nconsole.log('the code ran')\n`)
  const env = { AUTH_URL: system.issuer, CLIENT_ID: 'resource', CLIENT_SECRET: clientSecret, PORT: port }
  const warehouse = await startProcess({ entry, env, readyWhen: /the code ran/ })
  t.teardown(async () => {
    await warehouse.stop()
    rmSync(entry)
    await system.stop()
    await drop()
  })

  const call = httpClient(`http://localhost:${port}`)
  const user = await system.createAccount('ada@example.org')
  const { accessToken } = await system.login(user)
  t.equal(codeOf(await call('/storage')), 'token-missing')
  await until(async () => (await call('/storage', { token: accessToken })).status === 200)
  t.equal(codeOf(await call('/storage/restricted', { token: accessToken })), 'insufficient-scope')
})

t.test('README: the browser example logs in, and renews after a reload', async t => {
  const { url: databaseUrl, drop } = await freshDatabase()
  const system = await startSystem({ databaseUrl, auths: 1, resources: 1 })
  const file = `${root}packages/e2e/dist/readme-browser-${process.pid}.mjs`
  const realFetch = globalThis.fetch
  t.teardown(async () => {
    globalThis.fetch = realFetch
    rmSync(file, { force: true })
    await system.stop()
    await drop()
  })
  writeFileSync(file, example('browser'))
  globalThis.fetch = gatewayFetch(realFetch, { auth: system.issuer, api: system.resources[0]?.url ?? '' })

  const { email, password } = await system.createAccount('ada@example.org')
  const page = (await import(`${file}?load=1`)) as Page
  await t.rejects(page.logIn(email, 'a wrong password'))
  await page.logIn(email, password)
  t.equal((await page.api('/storage')).status, 200)
  const reloaded = (await import(`${file}?load=2`)) as Page
  t.equal((await reloaded.api('/storage')).status, 200)
  t.equal((await reloaded.api('/storage/restricted')).status, 403)
})

interface Page {
  logIn: (email: string, password: string) => Promise<void>
  api: (path: string) => Promise<Response>
}

/** The code below the marker. */
function example(name: string): string {
  const form = new RegExp(`<!-- run: ${name} -->\\n\`\`\`js\\n([\\s\\S]*?)\`\`\``)
  const [, code = ''] = form.exec(readFileSync(`${root}README.md`, 'utf8')) ?? []
  return code
}

/** What the gateway and a browser do: prefixes lead to the services, and the cookie is kept. */
function gatewayFetch(realFetch: typeof fetch, services: { auth: string; api: string }): typeof fetch {
  let cookie = ''
  return async (input, init) => {
    const [, service = '', path = ''] = /^\/(auth|api)(\/.*)$/.exec(String(input)) ?? []
    const headers = { ...(init?.headers as Record<string, string>), ...(cookie === '' ? {} : { cookie }) }
    const response = await realFetch(`${services[service as 'auth' | 'api']}${path}`, { ...init, headers })
    const [set] = response.headers.getSetCookie()
    if (set !== undefined) cookie = set.split(';')[0] ?? ''
    return response
  }
}
