/** The first minutes of a newcomer: start, tour, Ctrl-C. */
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

async function surroundings(t: Test): Promise<Record<string, string>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-start-'))
  t.teardown(() => {
    // As root the data of PostgreSQL lies where this file says.
    const signpost = join(dataDir, 'postgres', 'elsewhere')
    if (existsSync(signpost)) rmSync(readFileSync(signpost, 'utf8'), { recursive: true, force: true })
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

/** What it says when it cannot start. */
async function complaint(env: Record<string, string>): Promise<string> {
  const failed = run(process.execPath, [main], { env: { ...process.env, ...env } })
  return failed.then(
    () => 'it started',
    ({ stderr }: { stderr: string }) => stderr.trim(),
  )
}

t.test('start brings up a stack that the whole tour can be taken on, twice, and Ctrl-C leaves no process', async t => {
  const env = await surroundings(t)
  const first = await startProcess({ entry: main, env, readyWhen: /Gatehouse is up/, timeoutMs: 60_000 })
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
  for (const name of ['AUTH_PORT', 'RESOURCE_PORT']) await mustBeFree(Number(env[name]))

  const second = await startProcess({ entry: main, env, readyWhen: /Gatehouse is up/, timeoutMs: 60_000 })
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
    readyWhen: /Gatehouse is up/,
    timeoutMs: 60_000,
  })
  await third.logged(/admin@example\.org {2}\(was there before, with another password: set ADMIN_PASSWORD to it\)/)
  await third.logged(/ada@example\.org {2}\(password: see/)
  t.same(credentials().admin, admin, 'the right one is kept')
  t.equal(await third.stop(), 0)
})

async function mustBeFree(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  server.close()
}

t.test('what is wrong is said in one sentence', async t => {
  const env = await surroundings(t)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  t.equal(await complaint({ ...env, AUTH_PORT: String(port) }), `Port ${port} is in use: set AUTH_PORT to another.`)
  t.match(
    await complaint({ ...env, DATABASE_URL: `postgresql://nobody@127.0.0.1:${await freePort()}/none` }),
    /^DATABASE_URL names a database that cannot be used: [^\n]*$/,
  )
  t.match(
    await complaint({ ...env, RESOURCE_PORT: 'many' }),
    /^RESOURCE_PORT must be a whole number from 0 to 65535, not "many"\. [^\n]*$/,
  )
})

t.test('help lists every variable', async t => {
  const { stdout } = await run(process.execPath, [main, '--help'])
  for (const name of ['AUTH_PORT', 'DATABASE_URL', 'LEASE_MS', 'ACCESS_TOKEN_SECONDS', 'CLIENT_SECRET_FILE'])
    t.ok(stdout.includes(name), name)
})

t.test('a Node that is too old is told so', async t => {
  const child = spawn(process.execPath, [
    '--import',
    'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.0"})',
    `${root}packages/tools/scripts/run.mjs`,
    'build',
  ])
  let said = ''
  child.stderr.on('data', chunk => {
    said += chunk
  })
  const [code] = await once(child, 'close')
  t.equal(code, 1)
  t.equal(said.trim(), 'Gatehouse needs Node 20.19 or newer; this is 18.20.0.')
})
