/** Processes that tests start, freeze and kill. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProcess } from '@gatehouse/testkit'
import { type Test, test } from 'tap'
import { whenGone } from './helpers/whenGone.ts'

async function script(t: Test, code: string): Promise<string> {
  const folder = t.testdir()
  const file = join(folder, 'entry.mjs')
  await writeFile(file, code)
  return file
}

const echo = `
  import { createServer } from 'node:http'
  const server = createServer((_, response) => response.end(process.env.WORD))
  server.listen(0, '127.0.0.1', () => console.log('listening on http://127.0.0.1:' + server.address().port))
  process.on('SIGTERM', () => { console.log('leaving'); server.close(() => process.exit(0)); server.closeAllConnections() })
`
const readyWhen = /listening on (\S+)/

test('it is ready when it says so, has its environment, and stops when asked', async t => {
  const child = await startProcess({ entry: await script(t, echo), env: { WORD: 'gate' }, readyWhen })
  t.equal(await (await fetch(child.ready)).text(), 'gate')
  t.equal(await child.stop(), 0)
  t.ok(child.logs.includes('leaving'))
})

test('a frozen process holds its socket and does nothing; thawed, it answers what waited', async t => {
  const child = await startProcess({ entry: await script(t, echo), env: { WORD: 'house' }, readyWhen })
  t.teardown(() => child.kill())
  child.freeze()
  await t.rejects(fetch(child.ready, { signal: AbortSignal.timeout(200) }), { name: 'TimeoutError' })
  const waiting = fetch(child.ready)
  child.thaw()
  t.equal(await (await waiting).text(), 'house')
})

test('a frozen process can be stopped', async t => {
  const child = await startProcess({ entry: await script(t, echo), readyWhen })
  child.freeze()
  t.equal(await child.stop(), 0)
})

test('a killed process says nothing more', async t => {
  const child = await startProcess({ entry: await script(t, echo), readyWhen })
  await child.kill()
  t.equal(await child.exited, null)
  t.notOk(child.logs.includes('leaving'))
  await t.rejects(fetch(child.ready))
})

test('one that ends before it is ready fails with what it said', async t => {
  const entry = await script(t, `console.log('no such setting'); process.exit(3)`)
  await t.rejects(startProcess({ entry, readyWhen }), { message: /code 3[\s\S]*no such setting/ })
})

test('one that is never ready fails in time and is killed', async t => {
  const entry = await script(t, `console.log('pid ' + process.pid); setInterval(() => {}, 1000)`)
  const late = await startProcess({ entry, readyWhen, timeoutMs: 500 }).catch((error: Error) => error.message)
  await whenGone(Number(/pid (\d+)/.exec(String(late))?.[1]))
})

test('one that ignores the request to stop is killed', async t => {
  const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('listening on nothing')`
  const child = await startProcess({ entry: await script(t, stubborn), readyWhen, timeoutMs: 3000 })
  t.equal(await child.stop(), null)
})

test('a later line can be waited for, and its absence is an error', async t => {
  const entry = await script(t, `console.log('listening on 1'); setTimeout(() => console.log('later'), 50)`)
  const child = await startProcess({ entry, readyWhen })
  t.equal(await child.logged(/later/), 'later')
  t.equal(await child.logged(/later/), 'later')
  await t.rejects(child.logged(/never/, 100), { message: /No line matched/ })
})

test('a child dies when its parent is killed, even if it is frozen', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const kit = new URL('../src/index.js', import.meta.url).href
  const grandchild = join(folder, 'grandchild.mjs')
  await writeFile(grandchild, `setInterval(() => {}, 1000); console.log('listening on nothing')`)
  const entry = await script(
    t,
    `import { startProcess } from ${JSON.stringify(kit)}
     const child = await startProcess({ entry: ${JSON.stringify(grandchild)}, readyWhen: /listening/ })
     child.freeze()
     console.log('listening on ' + child.pid)`,
  )
  const parent = await startProcess({ entry, readyWhen })
  await parent.kill()
  await whenGone(Number(parent.ready))
  t.pass('the grandchild is gone')
})
