/** The Python guard passes the vectors and every check. Skipped where its Debian packages are missing. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { requirePython } from '@gatehouse/testkit'
import t from 'tap'
import { runChecks, startFakeAuth, tableOf } from '../src/index.ts'

const folder = fileURLToPath(new URL('../../../../guards/python/', import.meta.url))
const { python, options } = requirePython()

t.test('the Python guard decides every vector as it must', options, async t => {
  const { status, stderr } = spawnSync(python, ['-m', 'unittest', 'discover', '-s', 'tests'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  t.equal(status, 0, stderr)
})

t.test('the Python guard passes every check', options, async t => {
  const auth = await startFakeAuth()
  t.teardown(auth.stop)
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
  const child = spawn(python, [`${folder}tests/app.py`, auth.url], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  const url = await addressOf(child)
  const results = await runChecks({ url, auth, pid: child.pid, routes: { open: '/storage/open' } })
  t.comment(tableOf(results))
  t.strictSame(
    results.filter(({ outcome }) => outcome !== 'pass'),
    [],
  )

  child.kill('SIGTERM')
  await once(child, 'exit')
  t.equal(auth.counts.leaves, 1, 'the guard leaves the feed when it stops')
})

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /listening at (\S+)/.exec(line) ?? []
    if (url !== undefined) return url
  }
  throw new Error('the application ended before it listened')
}
