/** `pnpm start` and `pnpm tour`, as a new user runs them. */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }))
  return {
    GATEHOUSE_DATA: dataDir,
    AUTH_PORT: String(await freePort()),
    RESOURCE_PORT: String(await freePort()),
    ACCESS_TOKEN_SECONDS: '2',
    DATABASE_URL: '',
  }
}

/**
 * Runs `start` and returns its error output.
 * @param launcher the command that runs it
 */
async function startError(env: Record<string, string>, launcher: readonly string[] = []): Promise<string> {
  const [command = '', ...args] = [...launcher, process.execPath, main]
  const failed = run(command, args, { env: { ...process.env, ...env } })
  return failed.then(
    () => 'it started',
    ({ stderr }: { stderr: string }) => stderr.trim(),
  )
}

t.test('start: runs the tour twice, keeps passwords over a restart, and leaves no process', async t => {
  const env = await environment(t)
  const first = await startProcess({ entry: main, env, readyWhen: /Gatehouse is ready/ })
  await first.logged(/admin@example\.org {2}[\w-]{20,}/)
  t.ok(existsSync(join(env['GATEHOUSE_DATA'] as string, 'postgres', 'cluster', 'PG_VERSION')), 'data also as root')
  const lines = first.logs.filter(line => /^ {2}(database|migrations|accounts|services) +[\d.]+ s$/.test(line))
  t.equal(lines.length, 4, 'each step has a line')
  const { stdout } = await run(process.execPath, [tour], { env: { ...process.env, ...env } })
  const scenes = ['A request without a token', 'A user logs in; a scope is missing', 'That was the tour.']
  for (const scene of [...scenes, 'token-expired', 'session-ended', 'account-disabled']) t.match(stdout, scene)
  t.notMatch(stdout, /"password":"[^.]/, 'the tour shows no password')
  t.equal(await first.stop(), 0)

  await assertNoProcess(t, env)
  for (const name of ['AUTH_PORT', 'RESOURCE_PORT']) await assertFreePort(Number(env[name]))

  const longer = { ...env, ACCESS_TOKEN_SECONDS: '300' }
  const second = await startProcess({ entry: main, env: longer, readyWhen: /Gatehouse is ready/ })
  await second.logged(/admin@example\.org {2}\(password: see/)
  await second.logged(/sessions\/end|enable -X POST/)
  const pasted = second.logs.slice(second.logs.findIndex(line => line.startsWith('  A=')))
  const shell = await run('bash', ['-c', `cd ${env['GATEHOUSE_DATA']}\n${pasted.join('\n')}`])
  const answers = [...shell.stdout.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
  t.strictSame(answers, [200, 401, 403, 200, 403, 401, 200], 'the tour of a second start can be pasted')
  const longTour = await run(process.execPath, [tour], { env: { ...process.env, ...env } })
  t.match(longTour.stdout, /live 300 s: the tour does not wait[\s\S]*That was the tour\./)
  const credentials = () => JSON.parse(readFileSync(join(env['GATEHOUSE_DATA'] as string, 'credentials.json'), 'utf8'))
  const { admin } = credentials()
  t.notMatch(second.logs.join('\n'), admin.password, 'a password is printed once')
  t.equal(await second.stop(), 0)

  const other = { ...env, ADMIN_PASSWORD: 'not the one that it was made with' }
  const third = await startProcess({ entry: main, env: other, readyWhen: /Gatehouse is ready/ })
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

t.test('start: reports what it cannot use in one sentence', async t => {
  const env = await environment(t)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  t.equal(await startError({ ...env, AUTH_PORT: String(port) }), `Port ${port} is in use: set AUTH_PORT to another.`)
  const noServer = `postgresql://gatehouse@127.0.0.1:${await freePort()}/none`
  const noFolder = 'GATEHOUSE_DATA names a folder that cannot be written'
  const cases: [Record<string, string>, RegExp | string][] = [
    [{ DATABASE_URL: noServer }, /^DATABASE_URL names a database that cannot be used: [^\n]*$/],
    [{ DATABASE_URL: 'postgresql://u:a#b@127.0.0.1/x' }, /^DATABASE_URL must be a .* URL, with %23 for a # [^\n]*$/],
    [{ RESOURCE_PORT: 'many' }, /^RESOURCE_PORT must be a whole number from 0 to 65535, not "many"\. [^\n]*$/],
    [{ HOST: 'db.example' }, /^HOST must be one of 127\.0\.0\.1, [^\n]*$/],
    [{ PORT: '80' }, /^PORT cannot be set for the local stack\. Set AUTH_PORT or RESOURCE_PORT\.$/],
    [{ SIGNING_KEY_FILE: '/a' }, /^SIGNING_KEY_FILE cannot be set [^\n]*$/],
    [{ GATEHOUSE_DATA: '/etc/hostname/data' }, `${noFolder} (ENOTDIR): /etc/hostname/data`],
    [{ GATEHOUSE_DATA: '/proc/data' }, new RegExp(`^${noFolder} \\(E[A-Z]+\\): /proc/data$`)],
  ]
  for (const [wrong, message] of cases) t.match(await startError({ ...env, ...wrong }), message)
})

/** No process outside sees the mounts, and an unprivileged user may make them. */
const ownMounts = ['unshare', '--map-root-user', '--mount']
const canMount = spawnSync('unshare', [...ownMounts.slice(1), 'true']).status === 0

t.test(
  'start: names a data folder on a file system that is mounted read-only',
  { skip: canMount ? false : 'SKIPPED: this machine has no mount namespaces for users (unshare)' },
  async t => {
    const env = await environment(t)
    const folder = env['GATEHOUSE_DATA'] as string
    for (const content of ['', 'logs']) {
      const mount = `mount -t tmpfs none "$0" && mkdir -p "$0/${content}" && mount -o remount,ro "$0" && exec "$@"`
      const error = await startError(env, [...ownMounts, 'sh', '-c', mount, folder])
      t.equal(error, `GATEHOUSE_DATA names a folder that cannot be written (EROFS): ${folder}`)
    }
  },
)

t.test('start: names a damaged file, which it keeps, and a password that is too short', async t => {
  const env = await environment(t)
  const folder = env['GATEHOUSE_DATA'] as string
  const file = join(folder, 'credentials.json')
  writeFileSync(file, '{"authUrl":')
  t.match(await startError(env), /credentials\.json is damaged\. [^\n]*$/)
  t.equal(readFileSync(file, 'utf8'), '{"authUrl":')
  rmSync(file)
  t.match(await startError({ ...env, ADMIN_PASSWORD: 'short' }), /failed: ADMIN_PASSWORD must have at least 15 char/)
  t.notMatch(readFileSync(file, 'utf8'), '"short"', 'the next start does not use it')
  rmSync(file)
  rmSync(join(folder, 'keys'), { recursive: true })
  mkdirSync(join(folder, 'keys'))
  writeFileSync(join(folder, 'keys', 'signing-key.pem'), 'no key')
  t.match(await startError(env), /^The auth service did not start\. SIGNING_KEY [^\n]*\.log$/)
})

t.test('start, tour: Ctrl-C at any moment prints one line, exits with 130, and leaves no process', async t => {
  const env = await environment(t)
  for (const moment of [/^ {2}database/, /^ {2}services/]) {
    const { code, output } = await interrupted({ entry: main, env, moment })
    t.equal(code, 130, String(moment))
    t.equal(output.slice(output.indexOf('Stopping.')), 'Stopping.\n', String(moment))
    await assertNoProcess(t, env)
  }
  const stack = startDetached(main, env)
  await stack.printed(/Gatehouse is ready/)
  const { code, output } = await interrupted({ entry: tour, env, moment: /for the access token to expire/ })
  t.equal(code, 130)
  t.match(output, /\nStopped\.\n$/)
  t.equal(await stack.interrupt(), 130)
  await assertNoProcess(t, env)
})

async function assertNoProcess(t: Test, env: Record<string, string>): Promise<void> {
  const { stdout: processes } = await run('ps', ['-eo', 'args'])
  t.notOk(processes.includes(env['GATEHOUSE_DATA'] as string), 'no process is left')
}

/** Sends SIGINT when a line of the output matches. */
async function interrupted({ entry, env, moment }: { entry: string; env: Record<string, string>; moment: RegExp }) {
  const child = startDetached(entry, env)
  await child.printed(moment)
  const code = await child.interrupt()
  return { code, output: child.output() }
}

/** A program with a process group of its own, whose members all get the signal, as from a terminal. */
function startDetached(entry: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [entry], { env: { ...process.env, ...env }, detached: true })
  const closed = once(child, 'close')
  let output = ''
  const onChunk = (chunk: Buffer) => {
    output += chunk
  }
  child.stdout.on('data', onChunk)
  child.stderr.on('data', onChunk)
  return {
    output: () => output,
    async printed(pattern: RegExp) {
      while (!output.split('\n').some(line => pattern.test(line))) await once(child.stdout, 'data')
    },
    async interrupt(): Promise<number> {
      process.kill(-(child.pid as number), 'SIGINT')
      return (await closed)[0]
    },
  }
}

t.test('start --help: lists every variable', async t => {
  const { stdout } = await run(process.execPath, [main, '--help'])
  for (const name of ['AUTH_PORT', 'DATABASE_URL', 'LEASE_MS', 'ACCESS_TOKEN_SECONDS', 'CLIENT_SECRET_FILE'])
    t.ok(stdout.includes(name), name)
})

t.test('run.mjs: names the required version when Node is too old', async t => {
  const old = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.0"})'
  const build = run(process.execPath, ['--import', old, `${root}packages/tools/scripts/run.mjs`, 'build'])
  await t.rejects(build, { code: 1, stderr: 'Gatehouse needs Node 20.19 or newer; this is 18.20.0.\n' })
})
