/** The program of docs/frameworks.md for a fetch handler, on Bun and Deno, with a real auth service. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { codeOf, freePort, httpClient, installRuntimes, onServer, startProgram, until } from '@gatehouse/testkit'
import { transformSync } from 'esbuild'
import t from 'tap'
import { clientSecret, systemOf } from '../src/system.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const { Bun, Deno } = await installRuntimes()
const runtimes: Record<string, (port: number, file: string) => [string, ...string[]]> = {
  Bun: (_port, file) => [Bun, file],
  Deno: (port, file) => [Deno, 'serve', '--allow-all', '--host', '127.0.0.1', '--port', String(port), file],
}

const system = await systemOf(t)
const user = await system.createAccount('ada@example.org', { scopes: ['storage:read'] })
const guest = await system.createAccount('guest@example.org')

for (const [name, commandOf] of Object.entries(runtimes)) {
  t.test(`fetch handler on ${name}: admits a token until its session ends, and leaves the feed at SIGTERM`, async t => {
    const port = await freePort()
    // From here the packages of the workspace are found.
    const folder = mkdtempSync(`${root}packages/e2e/dist/fetch-`)
    for (const program of ['guard', 'fetch']) writeFileSync(`${folder}/${program}.js`, programOf(`${program}.ts`, port))
    const [command, ...args] = commandOf(port, `${folder}/fetch.js`)
    const cleanUp = () => rmSync(folder, { recursive: true, force: true })
    const { stop } = await startProgram({ command, args, port, env: process.env, cleanUp })
    t.teardown(stop)

    const call = httpClient(`http://127.0.0.1:${port}`)
    const { accessToken: token, refreshToken } = await system.login(user)
    const { accessToken: other } = await system.login(guest)
    t.equal(codeOf(await call('/')), 'token-missing')
    await until(async () => (await call('/', { token })).status === 200)
    t.match((await call('/', { token })).body, { orderedBy: /^[0-9a-f-]{36}$/ })
    t.equal(codeOf(await call('/', { token: other })), 'insufficient-scope')
    const ended = await system.auths[0]?.call('/session', { method: 'DELETE', body: { refreshToken } })
    t.equal(ended?.status, 204)
    t.equal(codeOf(await call('/', { token })), 'session-ended')
    await stop()
    t.same((await onServer(system.databaseUrl, 'SELECT id FROM guards')).rows, [])
  })
}

/** @returns a program of the page as JavaScript, with the settings of the test */
function programOf(file: string, port: number): string {
  const page = readFileSync(`${root}docs/frameworks.md`, 'utf8')
  const [, code = ''] = new RegExp(`<!-- file: ${file} -->\\n\`\`\`ts\\n([\\s\\S]*?)\`\`\``).exec(page) ?? []
  const own = code
    .replace("'https://auth.example'", JSON.stringify(system.issuer))
    .replace("clientId: 'warehouse'", "clientId: 'resource'")
    .replace("'the secret'", JSON.stringify(clientSecret))
    .replace('4000', String(port))
  return transformSync(own, { loader: 'ts' }).code
}
