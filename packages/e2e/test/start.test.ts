/** `pnpm start` and `pnpm tour`, as a new user runs them. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort, startProcess } from '@gatehouse/testkit'
import t, { type Test } from 'tap'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const main = `${root}packages/devstack/dist/src/main.js`
const tour = `${root}packages/devstack/dist/src/tourMain.js`
const run = promisify(execFile)
process.chdir(root)

async function environment(t: Test): Promise<Record<string, string>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-start-'))
  t.teardown(() => {
    // Under root, this file names the data directory of PostgreSQL.
    const pointerFile = join(dataDir, 'postgres', 'elsewhere')
    if (existsSync(pointerFile)) rmSync(readFileSync(pointerFile, 'utf8'), { recursive: true, force: true })
    rmSync(dataDir, { recursive: true, force: true })
  })
  return {
    GATEHOUSE_DATA: dataDir,
    AUTH_PORT: String(await freePort()),
    RESOURCE_PORT: String(await freePort()),
    ACCESS_TOKEN_SECONDS: '2',
    DATABASE_URL: '',
  }
}

/** Runs `start` and returns its error output. */
async function startError(env: Record<string, string>): Promise<string> {
  const failed = run(process.execPath, [main], { env: { ...process.env, ...env } })
  return failed.then(
    () => 'it started',
    ({ stderr }: { stderr: string }) => stderr.trim(),
  )
}

t.test('start: runs the tour twice, keeps passwords over a restart, and leaves no process', async t => {
  const env = await environment(t)
  const first = await startProcess({ entry: main, env, readyWhen: /Gatehouse is ready/ })
  await first.logged(/admin@example\.org {2}[\w-]{20,}/)
  const { stdout } = await run(process.execPath, [tour], { env: { ...process.env, ...env } })
  for (const scene of [
    'No badge, no entry',
    'Badge, but no clearance',
    'token-expired',
    'session-ended',
    'account-disabled',
    'That was the tour.',
  ]) {
    t.ok(stdout.includes(scene), scene)
  }
  t.notMatch(stdout, /"password":"[^.]/, 'the tour shows no password')
  t.equal(await first.stop(), 0)

  const { stdout: processes } = await run('ps', ['-eo', 'args'])
  t.notOk(processes.includes(env['GATEHOUSE_DATA'] as string), 'no process is left')
  for (const name of ['AUTH_PORT', 'RESOURCE_PORT']) await assertFreePort(Number(env[name]))

  const second = await startProcess({ entry: main, env, readyWhen: /Gatehouse is ready/ })
  await second.logged(/admin@example\.org {2}\(password: see/)
  await run(process.execPath, [tour], { env: { ...process.env, ...env } })
  const credentials = () => JSON.parse(readFileSync(join(env['GATEHOUSE_DATA'] as string, 'credentials.json'), 'utf8'))
  const { admin } = credentials()
  t.notOk(
    second.logs.some(line => line.includes(admin.password)),
    'a password is printed once',
  )
  t.equal(await second.stop(), 0)

  const third = await startProcess({
    entry: main,
    env: { ...env, ADMIN_PASSWORD: 'not the one that it was made with' },
    readyWhen: /Gatehouse is ready/,
  })
  await third.logged(/admin@example\.org {2}\(exists with another password: set ADMIN_PASSWORD to it\)/)
  await third.logged(/ada@example\.org {2}\(password: see/)
  t.same(credentials().admin, admin, 'the stored password is kept')
  t.equal(await third.stop(), 0)
})

async function assertFreePort(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  server.close()
}

t.test('start: reports a port in use, an unreachable database and an invalid variable in one sentence', async t => {
  const env = await environment(t)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  t.equal(await startError({ ...env, AUTH_PORT: String(port) }), `Port ${port} is in use: set AUTH_PORT to another.`)
  t.match(
    await startError({ ...env, DATABASE_URL: `postgresql://nobody@127.0.0.1:${await freePort()}/none` }),
    /^DATABASE_URL names a database that cannot be used: [^\n]*$/,
  )
  t.match(
    await startError({ ...env, RESOURCE_PORT: 'many' }),
    /^RESOURCE_PORT must be a whole number from 0 to 65535, not "many"\. [^\n]*$/,
  )
})

t.test('start --help: lists every variable', async t => {
  const { stdout } = await run(process.execPath, [main, '--help'])
  for (const name of ['AUTH_PORT', 'DATABASE_URL', 'LEASE_MS', 'ACCESS_TOKEN_SECONDS', 'CLIENT_SECRET_FILE'])
    t.ok(stdout.includes(name), name)
})

t.test('run.mjs: names the required version when Node is too old', async t => {
  const child = spawn(process.execPath, [
    '--import',
    'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.0"})',
    `${root}packages/tools/scripts/run.mjs`,
    'build',
  ])
  let output = ''
  child.stderr.on('data', chunk => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  t.equal(code, 1)
  t.equal(output.trim(), 'Gatehouse needs Node 20.19 or newer; this is 18.20.0.')
})
