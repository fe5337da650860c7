/** Runs the TypeScript of each package's README in an application outside the workspace. */
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '@gatehouse/clock'
import { bearer, claimsAt, fakeAuth, type HttpResponse, httpClient, signingKey, tokenOf } from '@gatehouse/testkit'
import type { Test } from 'tap'
import { startProgramAt, useAuth } from './frameworkPrograms.ts'

const packages = ['clock', 'contract', 'guard', 'guard-core', 'http', 'protocol']

/** The examples that start a guard, and a request that each admits. */
const guarded: Record<string, { path: string; body?: object; admitted: Partial<HttpResponse> }> = {
  'guard-0.js': { path: '/restricted', admitted: { status: 200, body: { vault: 'open' } } },
  'guard-1.js': {
    path: '/orders',
    body: { item: 'rope' },
    admitted: { status: 200, body: { orderedBy: 'ada', item: 'rope' } },
  },
  'guard-core-0.js': { path: '/', admitted: { status: 200 } },
}
const scope = 'storage:restricted orders:write'

/** Writes each example into a file of its own. */
export async function writeReadmes(folder: string): Promise<void> {
  await mkdir(folder)
  for (const name of packages) {
    const readme = await readFile(`packages/${name}/README.md`, 'utf8')
    const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, example = '']) => example)
    for (const [index, example] of examples.entries()) await writeFile(join(folder, `${name}-${index}.ts`), example)
  }
}

/** Runs each compiled example. */
export async function checkReadmes(t: Test, folder: string): Promise<void> {
  const dist = join(folder, 'dist', 'readme')
  const files = (await readdir(dist)).filter(file => file.endsWith('.js'))
  for (const name of packages) t.ok(files.includes(`${name}-0.js`), `the README of ${name} has an example`)
  const auth = await fakeAuth(systemClock)
  t.teardown(() => auth.stop())
  const key = signingKey()
  auth.keys = [key]
  const token = tokenOf(key, claimsAt(systemClock.wallMs(), { iss: auth.url, sub: 'ada', scope }))
  for (const file of files) {
    if (file.startsWith('http-')) await checkServer(t, join(dist, file))
    else if (!Object.hasOwn(guarded, file)) await promisify(execFile)(process.execPath, [join(dist, file)])
    else {
      await useAuth(join(dist, file), auth)
      await checkGuarded(t, join(dist, file), { name: file, headers: bearer(token) })
    }
  }
}

async function checkServer(t: Test, file: string): Promise<void> {
  const { port, stop } = await startProgramAt(file)
  try {
    const call = httpClient(`http://127.0.0.1:${port}`)
    t.match(await call('/metrics'), { status: 200, body: /http_request_duration_seconds/ })
    t.match(await call('/nowhere'), { status: 404, body: { code: 'not-found' } })
  } finally {
    await stop()
  }
}

async function checkGuarded(
  t: Test,
  file: string,
  { name, headers }: { name: string; headers: Record<string, string> },
): Promise<void> {
  const { path, body, admitted } = guarded[name] ?? { path: '', admitted: {} }
  const { port, stop } = await startProgramAt(file)
  const options = body === undefined ? {} : { body }
  try {
    const call = httpClient(`http://127.0.0.1:${port}`)
    t.match(await call(path, options), { status: 401, body: { code: 'token-missing' } }, name)
    // Until the guard has a lease.
    let answer = await call(path, { ...options, headers })
    while (answer.status === 503) answer = await call(path, { ...options, headers })
    t.match(answer, admitted, name)
  } finally {
    await stop()
  }
}
