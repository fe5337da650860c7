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
  const code = /<!-- run: guard -->\n```js\n([\s\S]*?)```/.exec(readFileSync(`${root}README.md`, 'utf8'))?.[1] ?? ''
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
