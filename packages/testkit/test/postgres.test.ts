/** The embedded PostgreSQL. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startPostgres, startProcess } from '@gatehouse/testkit'
import { type Test, test } from 'tap'
import { queryValue } from './helpers/queryValue.ts'
import { whenGone, whenRemoved } from './helpers/whenGone.ts'

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

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

// Only under root, where PostgreSQL runs as another user, who cannot access a private folder.
const isRoot = process.getuid?.() === 0
test('startPostgres: a pointer file leads to the data, and a new folder has new data', { skip: !isRoot }, async t => {
  const parent = await folder(t)
  const dataDir = join(parent, 'postgres')
  const start = async () => {
    const postgres = await startPostgres({ dataDir, persistent: true })
    t.teardown(async () => {
      await postgres.stop()
      await rm(postgres.dataDir, { recursive: true, force: true })
    })
    t.not(postgres.dataDir, dataDir)
    return postgres
  }
  const first = await start()
  await queryValue(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer')
  await first.stop()
  const again = await start()
  t.equal(await queryValue(again.url, 'SELECT answer FROM kept'), 42)
  await again.stop()
  await rm(dataDir, { recursive: true })
  const second = await start()
  await t.rejects(queryValue(second.url, 'SELECT answer FROM kept'), { code: '42P01' })
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
  await t.rejects(startPostgres({ dataDir, persistent: true }), {
    message: /^A running PostgreSQL server \(process \d+\)/,
  })
  await t.rejects(startPostgres({ dataDir: await folder(t), port, persistent: false }), {
    message: `Port ${port} on 127.0.0.1 is in use: stop what listens there or choose another port.`,
  })
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

const cases = [
  { persistent: true, name: 'startPostgres: a persistent server stops when its parent is killed, and keeps its data' },
  {
    persistent: false,
    name: 'startPostgres: a temporary server stops when its parent is killed, and removes its data',
  },
]
for (const { persistent, name } of cases) {
  test(name, async t => {
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
