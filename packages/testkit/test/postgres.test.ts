/** The embedded PostgreSQL. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, startPostgres, startProcess } from '@gatehouse/testkit'
import { type Test, test } from 'tap'
import { processListOf } from '../src/postgres.ts'
import { preparePostgresHome } from '../src/postgresHome.ts'
import { stopProgram } from '../src/postgresServer.ts'
import { watcherOf } from '../src/processes.ts'
import { compiledTest } from '../src/testFiles.ts'
import { queryValue } from './helpers/queryValue.ts'
import { whenGone, whenRemoved } from './helpers/whenGone.ts'

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

test('freePort: gives different ports to processes that run together, below those of outgoing connections', async t => {
  const program = `import { freePort } from ${JSON.stringify(import.meta.resolve('@gatehouse/testkit'))}
    for (let count = 0; count < 20; count += 1) console.log(await freePort())`
  const printed = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  const own = []
  for (let count = 0; count < 99; count += 1) own.push(await freePort())
  const foreign = (await printed).stdout.trim().split('\n').map(Number)
  const ports = [...own, ...foreign]
  t.equal(foreign.length, 20)
  t.equal(new Set(ports).size, ports.length)
  t.ok(ports.every(port => port > 20_000 && port < 32_768))
})

test('startPostgres: a persistent server keeps its data over a restart and a kill', async t => {
  const dataDir = await folder(t)
  const first = await startPostgres({ dataDir, persistent: true })
  t.teardown(() => first.stop())
  await queryValue(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer')
  await first.stop()
  await t.rejects(queryValue(first.url, 'SELECT 1'), { code: 'ECONNREFUSED' })

  const second = await startPostgres({ dataDir, port: await freePort(), persistent: true })
  t.teardown(() => second.stop())
  t.equal(await queryValue(second.url, 'SELECT answer FROM kept'), 42)
  const killedPid = second.pid()
  await second.kill()
  await t.rejects(queryValue(second.url, 'SELECT 1'), { code: 'ECONNREFUSED' })
  await second.restart()
  t.not(second.pid(), killedPid)
  t.equal(await queryValue(second.url, 'SELECT answer FROM kept'), 42)
  await second.stop()
  t.ok(existsSync(join(dataDir, 'cluster')))
})

// Only under root, where PostgreSQL runs as another user, who cannot search a private folder.
const isRoot = process.getuid?.() === 0
test('startPostgres: as root in a private folder, the data lies in that folder', { skip: !isRoot }, async t => {
  const parent = await folder(t)
  t.equal((await stat(parent)).mode & 0o777, 0o700)
  const dataDir = join(parent, 'postgres')
  for (const statement of ['CREATE TABLE kept AS SELECT 42 AS answer', 'SELECT answer FROM kept']) {
    const postgres = await startPostgres({ dataDir, persistent: true })
    t.teardown(() => postgres.stop())
    t.equal(postgres.dataDir, dataDir)
    t.ok(existsSync(join(dataDir, 'cluster', 'PG_VERSION')))
    await queryValue(postgres.url, statement)
    await postgres.stop()
  }
})

test('startPostgres: keeps a cluster that lacks PG_VERSION, and names the folder', async t => {
  const dataDir = await folder(t)
  const first = await startPostgres({ dataDir, persistent: true })
  await first.stop()
  const cluster = join(dataDir, 'cluster')
  await rm(join(cluster, 'PG_VERSION'))
  await t.rejects(startPostgres({ dataDir, persistent: true }), { message: new RegExp(`^${cluster} has no file PG_`) })
  t.ok(existsSync(join(cluster, 'base')))
})

test('startPostgres: names the reason when PostgreSQL refuses its files', async t => {
  const dataDir = await folder(t)
  const first = await startPostgres({ dataDir, persistent: true })
  await first.stop()
  await writeFile(join(dataDir, 'cluster', 'global', 'pg_control'), 'damaged')
  const failed = await startPostgres({ dataDir, persistent: true }).catch((error: Error) => error)
  t.match(failed, { message: /^PostgreSQL did not start: [^\n]*pg_control[^\n]*$/ })
})

test('pg_ctl: the stop command that Windows needs stops the server', async t => {
  const dataDir = await folder(t)
  const postgres = await startPostgres({ dataDir, persistent: true })
  t.teardown(() => postgres.stop())
  const { binDir, owner, pathOf } = await preparePostgresHome(dataDir)
  const cwd = join(dataDir, 'cluster')
  const [program = '', ...args] = stopProgram(binDir, pathOf(cwd))
  await promisify(execFile)(program, args, { ...owner, cwd })
  await whenGone(postgres.pid())
  t.notOk(existsSync(join(cwd, 'postmaster.pid')))
})

test('windows: no command needs a shell or a Unix program', async t => {
  t.equal(watcherOf('win32', 7)[0], process.execPath)
  t.equal(processListOf('win32', 7)[0], 'tasklist')
  t.equal(compiledTest(String.raw`packages\clock\test\clock.test.ts`), 'packages/clock/dist/test/clock.test.js')
  t.equal(compiledTest('./services/auth/test/login/login.test.ts'), 'services/auth/dist/test/login/login.test.js')
})

test('watcher: the one for Windows kills the process when its parent is gone', async t => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const [program, ...args] = watcherOf('win32', child.pid ?? 0)
  const watcher = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] })
  watcher.stdin.end()
  await once(child, 'exit')
  t.not(child.signalCode, null)
})

test('startPostgres: a temporary server listens on 127.0.0.1, accepts 300 connections, and removes its data', async t => {
  const dataDir = await folder(t)
  const postgres = await startPostgres({ dataDir, persistent: false, settings: { work_mem: '8MB' } })
  t.equal(await queryValue(postgres.url, 'SHOW listen_addresses'), '127.0.0.1')
  t.equal(await queryValue(postgres.url, 'SHOW max_connections'), '300')
  t.equal(await queryValue(postgres.url, 'SHOW fsync'), 'off')
  t.equal(await queryValue(postgres.url, 'SHOW work_mem'), '8MB')
  await postgres.stop()
  await postgres.stop()
  t.notOk(existsSync(dataDir))
})

test('startPostgres: refuses a wrong password', async t => {
  const postgres = await startPostgres({ dataDir: await folder(t), persistent: false })
  t.teardown(() => postgres.stop())
  const url = new URL(postgres.url)
  url.password = 'guess'
  await t.rejects(queryValue(url.href, 'SELECT 1'), { code: '28P01' })
})

test('startPostgres: names a data directory or port in use in one sentence', async t => {
  const postgres = await startPostgres({ dataDir: await folder(t), persistent: false })
  t.teardown(() => postgres.stop())
  const { dataDir, port } = postgres
  const running = /^A running PostgreSQL server \(process \d+\)/
  await t.rejects(startPostgres({ dataDir, persistent: true }), { message: running })
  const taken = `Port ${port} on 127.0.0.1 is in use: stop what listens there or choose another port.`
  await t.rejects(startPostgres({ dataDir: await folder(t), port, persistent: false }), { message: taken })
})

test('startPostgres: ignores a stale pid file, also when another process has the number', async t => {
  const dataDir = await folder(t)
  const first = await startPostgres({ dataDir, persistent: true })
  t.teardown(() => first.stop())
  const pidFile = join(dataDir, 'cluster', 'postmaster.pid')
  const content = await readFile(pidFile, 'utf8')
  await first.kill()
  await writeFile(pidFile, content.replace(/^\d+/, String(process.pid)))
  const second = await startPostgres({ dataDir, persistent: true })
  t.equal(await queryValue(second.url, 'SELECT 1'), 1)
  await second.stop()
})

for (const persistent of [true, false]) {
  const [kind, does] = persistent ? ['persistent', 'keeps'] : ['temporary', 'removes']
  test(`startPostgres: a ${kind} server stops when its parent is killed, and ${does} its data`, async t => {
    const dataDir = await folder(t)
    const kit = new URL('../src/index.js', import.meta.url).href
    const entry = join(t.testdir(), 'parent.mjs')
    await writeFile(
      entry,
      `import { startPostgres } from ${JSON.stringify(kit)}
       const postgres = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, persistent: ${persistent} })
       console.log('postgres is process ' + postgres.pid())`,
    )
    const parent = await startProcess({ entry, readyWhen: /postgres is process (\d+)/ })
    await parent.kill()
    await whenGone(Number(parent.ready))
    // A regular shutdown removes the pid file.
    t.notOk(existsSync(join(dataDir, 'cluster', 'postmaster.pid')))
    if (persistent) t.ok(existsSync(join(dataDir, 'cluster', 'PG_VERSION')))
    else await whenRemoved(dataDir)
  })
}
