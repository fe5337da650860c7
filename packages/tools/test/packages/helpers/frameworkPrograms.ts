/** Runs the programs of docs/frameworks.md in an application outside the workspace. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemClock } from '@gatehouse/clock'
import {
  audience,
  bearer,
  claimsAt,
  clientId,
  clientSecret,
  type FakeAuth,
  fakeAuth,
  freePort,
  problemMismatch,
  type SigningKey,
  signingKey,
  startProcess,
  tokenOf,
} from '@gatehouse/testkit'
import type { Test } from 'tap'

/** The programs of the page that start a server. */
export const allPrograms = ['nodeHttp', 'express', 'koa', 'hono', 'nest']

/** Writes each program of the page into a file of the folder. The guard's own tests run the one for Next. */
export async function writePrograms(folder: string): Promise<void> {
  const page = await readFile('docs/frameworks.md', 'utf8')
  for (const [, file = '', code = ''] of page.matchAll(/<!-- file: (\S+\.ts) -->\n```ts\n([\s\S]*?)```/g)) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), code)
  }
}

/** Starts each compiled program, and sends it requests without and with a token. */
export async function checkFrameworks(t: Test, folder: string, names: readonly string[]): Promise<void> {
  const auth = await fakeAuth(systemClock)
  t.teardown(() => auth.stop())
  const key = signingKey()
  auth.keys = [key]
  for (const name of names) await checkProgram(t, { folder, name, auth, key })
}

interface Program {
  folder: string
  name: string
  auth: FakeAuth
  key: SigningKey
}

async function checkProgram(t: Test, { folder, name, auth, key }: Program): Promise<void> {
  const dist = join(folder, 'dist', 'frameworks')
  await useAuth(join(dist, 'guard.js'), auth)
  const { port, stop } = await startProgramAt(join(dist, `${name}.js`))
  try {
    const url = `http://127.0.0.1:${port}/orders`
    const token = (scope: string) => tokenOf(key, claimsAt(systemClock.wallMs(), { iss: auth.url, sub: 'ada', scope }))
    t.equal(await problemAt(url, {}, 'token-missing'), null, name)
    t.equal(await problemAt(url, bearer(token('other')), 'insufficient-scope'), null, name)
    const headers = { ...bearer(token('storage:read')), 'content-type': 'application/json' }
    t.same(await json(url, { headers }), { orderedBy: 'ada' }, name)
    if (name === 'nodeHttp' || name === 'koa') return
    const body = JSON.stringify({ item: 'rope' })
    t.same(await json(url, { method: 'POST', headers, body }), { orderedBy: 'ada', item: 'rope' }, name)
  } finally {
    await stop()
  }
}

/** Replaces the settings of an example by those of the fake auth service. */
export function useAuth(file: string, auth: FakeAuth): Promise<void> {
  return replaceIn(file, [
    ["'https://auth.example'", JSON.stringify(auth.url)],
    ["audience: 'gatehouse'", `audience: '${audience}'`],
    ["clientId: 'warehouse'", `clientId: '${clientId}'`],
    ["'the secret'", JSON.stringify(clientSecret)],
  ])
}

/** Starts a program that listens at port 4000, at another port. */
export async function startProgramAt(file: string): Promise<{ port: number; stop: () => Promise<unknown> }> {
  const port = await freePort()
  await replaceIn(file, [['4000', String(port)]])
  const entry = file.replace(/js$/, 'run.mjs')
  await writeFile(entry, `await import('./${basename(file)}')\nconsole.log('the program runs')\n`)
  const { stop } = await startProcess({ entry, readyWhen: /the program runs/ })
  return { port, stop }
}

async function replaceIn(file: string, replacements: [string, string][]): Promise<void> {
  let text = await readFile(file, 'utf8')
  for (const [from, to] of replacements) text = text.replace(from, () => to)
  await writeFile(file, text)
}

async function problemAt(
  url: string,
  headers: Record<string, string>,
  code: Parameters<typeof problemMismatch>[1],
): Promise<string | null> {
  const response = await fetch(url, { headers })
  const received = Object.fromEntries(response.headers)
  return problemMismatch({ status: response.status, headers: received, text: await response.text() }, code)
}

async function json(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, init)
  return response.ok ? response.json() : response.text()
}
