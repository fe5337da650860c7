/** The package as it is published: its size, its exports, its types, and the README's start. */

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { systemOf } from '@gatehouse/e2e'
import { compileTypeScript, exampleOf, installRuntimes } from '@gatehouse/testkit'
import { build } from 'esbuild'
import t from 'tap'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)
const npm = join(process.execPath, '../npm')

/** Bytes, minified and gzipped, of what a bundler makes of one export. */
async function sizeOf(name: string, from: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${name} } from '${from}'`, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: from.endsWith('bff') ? 'node' : 'browser',
    external: ['react', 'ky'],
    write: false,
  })
  const [file] = outputFiles
  if (!file) throw new Error('nothing was built')
  t.notMatch(file.text.match(/from\s*"([^"]+)"/g) ?? [], /@gatehouse|typebox/)
  return gzipSync(file.contents, { level: 9 }).length
}

const limits: [string, string, number][] = [
  ['createClient', '@gatehouse/client', 2500],
  ['createBrowserClient', '@gatehouse/client/browser', 3350],
  ['reauthenticate', '@gatehouse/client/reauthenticate', 650],
  ['useSession', '@gatehouse/client/react', 250],
  ['createAxios', '@gatehouse/client/axios', 600],
  ['createKy', '@gatehouse/client/ky', 250],
  ['readEvents', '@gatehouse/client/events', 1500],
  ['createBff', '@gatehouse/client/bff', 4800],
]

t.test('the core has no dependencies, and every part stays small', async t => {
  const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  t.equal(dependencies, undefined)
  for (const [name, from, limit] of limits) {
    const size = await sizeOf(name, from)
    t.ok(size <= limit, `${from}: ${size} of ${limit} bytes`)
  }
})

const importsAll = `
import { createClient, isProblem, type State, type ProblemCode } from '@gatehouse/client'
import { createBrowserClient } from '@gatehouse/client/browser'
import { readEvents } from '@gatehouse/client/events'
import { createTestAuth } from '@gatehouse/client/testing'
const auth = createTestAuth()
const common = { auth: auth.url, fetch: auth.fetch, clock: auth.clock }
const client = createBrowserClient(common)
createClient({ ...common, store: { read: () => '', write() {} } })
const state: State = client.getState()
const code: ProblemCode = 'token-expired'
export function fieldOf(error: unknown): string | undefined {
  return isProblem(error, 'request-malformed') ? error.problem.fields[0]?.field : undefined
}
export { code, readEvents, state }
`

t.test('packed and installed into an empty project: it runs, and its types resolve', { timeout: 120_000 }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-client-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const { stdout } = await run(npm, ['pack', '--json', '--pack-destination', folder], { cwd: root })
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[]
  const files = packed?.files.map(({ path }) => path) ?? []
  for (const file of ['LICENSE', 'README.md', 'dist/src/index.js', 'dist/src/index.d.ts'])
    t.ok(files.includes(file), file)
  t.notOk(files.some(file => /dist\/(test|lossy|mutants)|\.tsbuildinfo/.test(file)))

  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const target = join(folder, 'node_modules/@gatehouse/client')
  mkdirSync(target, { recursive: true })
  await run('tar', ['-xzf', join(folder, packed?.filename ?? ''), '-C', target, '--strip-components=1'])
  const script = "import { createClient } from '@gatehouse/client'; console.log(typeof createClient)"
  const { stdout: printed } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
  t.equal(printed.trim(), 'function')

  writeFileSync(join(folder, 'use.ts'), importsAll)
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const options = '--strict --noEmit --skipLibCheck false --target es2022 --lib es2023,dom,dom.iterable'.split(' ')
    const args = [...options, '--types', '', '--module', `${module}`, '--moduleResolution', `${moduleResolution}`]
    t.equal(await compileTypeScript(folder, [...args, 'use.ts']), '', `types by ${moduleResolution}`)
  }
  t.notOk(existsSync(join(target, 'node_modules')))
})

t.test("the README's start runs as it is printed, on Node, Bun and Deno", async t => {
  const { Bun, Deno } = await installRuntimes()
  const system = await systemOf(t, { resources: 1 })
  const { email, password } = await system.createAccount('ada@example.org')
  const code = (name: string) => exampleOf(`${root}README.md`, name)
  const file = join(root, 'dist', `session-${process.pid}.json`)
  const given = { AUTH_URL: system.issuer, API_URL: system.resources[0]?.url, email, password, file }
  const constants = Object.entries(given).map(([name, value]) => `const ${name} = ${JSON.stringify(value)}`)
  const entry = join(root, 'dist', `readme-${process.pid}.mjs`)
  const [firstImport = '', ...rest] = code('start').split('\n')
  writeFileSync(entry, [firstImport, code('store'), ...constants, ...rest].join('\n'))
  t.teardown(() => rmSync(entry))
  for (const [runtime = '', ...args] of [[process.execPath], [Bun], [Deno, 'run', '--allow-all']]) {
    const { stdout } = await run(runtime, [...args, entry])
    t.match(stdout, /signed-in[\s\S]*timber[\s\S]*permission[\s\S]*signed-out/, runtime)
    t.equal(readFileSync(file, 'utf8'), '{}')
    rmSync(file)
  }
})
