/** Child processes of tests. */
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

test('startProcess: waits for readiness, passes the environment, and stops by SIGTERM', async t => {
  const child = await startProcess({ entry: await script(t, echo), env: { WORD: 'gate' }, readyWhen })
  t.equal(await (await fetch(child.ready)).text(), 'gate')
  t.equal(await child.stop(), 0)
  t.ok(child.logs.includes('leaving'))
})

test('startProcess: a frozen process does not answer, and answers waiting requests after its thaw', async t => {
  const child = await startProcess({ entry: await script(t, echo), env: { WORD: 'open' }, readyWhen })
  t.teardown(() => child.kill())
  child.freeze()
  await t.rejects(fetch(child.ready, { signal: AbortSignal.timeout(200) }), { name: 'TimeoutError' })
  const waiting = fetch(child.ready)
  child.thaw()
  t.equal(await (await waiting).text(), 'open')
})

test('startProcess: stops a frozen process', async t => {
  const child = await startProcess({ entry: await script(t, echo), readyWhen })
  child.freeze()
  t.equal(await child.stop(), 0)
})

test('startProcess: a killed process writes no further output', async t => {
  const child = await startProcess({ entry: await script(t, echo), readyWhen })
  await child.kill()
  t.equal(await child.exited, null)
  t.notOk(child.logs.includes('leaving'))
  await t.rejects(fetch(child.ready))
})

test('startProcess: rejects with the output when the process exits before it is ready', async t => {
  const entry = await script(t, `console.log('no such setting'); process.exit(3)`)
  await t.rejects(startProcess({ entry, readyWhen }), { message: /code 3[\s\S]*no such setting/ })
})

test('startProcess: rejects after the time-out and kills the process', async t => {
  const entry = await script(t, `console.log('pid ' + process.pid); setInterval(() => {}, 1000)`)
  const late = await startProcess({ entry, readyWhen, timeoutMs: 500 }).catch((error: Error) => error.message)
  await whenGone(Number(/pid (\d+)/.exec(String(late))?.[1]))
})

test('startProcess: kills a process that ignores SIGTERM', async t => {
  const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('listening on nothing')`
  const child = await startProcess({ entry: await script(t, stubborn), readyWhen, timeoutMs: 3000 })
  t.equal(await child.stop(), null)
})

test('startProcess: logged waits for a line, and rejects after the time-out', async t => {
  const entry = await script(t, `console.log('listening on 1'); setTimeout(() => console.log('later'), 50)`)
  const child = await startProcess({ entry, readyWhen })
  t.equal(await child.logged(/later/), 'later')
  t.equal(await child.logged(/later/), 'later')
  await t.rejects(child.logged(/never/, 100), { message: /No line matched/ })
})

test('startProcess: a child exits when its parent is killed, even if frozen', async t => {
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
  t.pass('the grandchild has exited')
})
