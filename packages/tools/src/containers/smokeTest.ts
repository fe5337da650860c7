/**
 * Runs both services from their images: migrations, a client, an account, a log-in, a revocation,
 * and SIGTERM.
 */
import { strict as assert } from 'node:assert'
import type { ChildProcess } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { systemClock } from '@gatehouse/clock'
import { until } from '@gatehouse/e2e'
import { freePort, httpClient, startPostgres } from '@gatehouse/testkit'
import type { Container, Store } from './buildah.ts'
import { pidAt, userAt } from './listeners.ts'

const password = 'correct horse battery staple'

export async function smokeTest(store: Store): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-containers-'))
  chmodSync(folder, 0o755)
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), persistent: false })
  const auth = store.container('localhost/auth')
  const resource = store.container('localhost/resource')
  try {
    return await runTest({ auth, resource, databaseUrl: postgres.url })
  } finally {
    auth.remove()
    resource.remove()
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface TestBed {
  auth: Container
  resource: Container
  databaseUrl: string
}

async function runTest({ auth, resource, databaseUrl }: TestBed): Promise<string[]> {
  const ports = { auth: String(await freePort()), resource: String(await freePort()) }
  const ISSUER = `http://127.0.0.1:${ports.auth}`
  const CLIENT_SECRET = 'the secret of the resource service'
  const secrets = newSecrets()
  const cli = async (args: string[], env: Record<string, string> = {}) =>
    JSON.parse(await text(stdoutOf(auth.run({ DATABASE_URL: databaseUrl, ...env }, ['gatehouse', ...args]))))

  const { applied } = await cli(['migrate'])
  await cli(['create-client', '--id', 'resource', '--scope', 'guard'], { CLIENT_SECRET })
  await cli(['create-admin', '--email', 'admin@example.org'], { PASSWORD: password })
  const serve = (container: Container, env: Record<string, string>) => {
    const child = container.run(env, ['node', '--enable-source-maps', 'dist/bundle/main.js'])
    child.stdout?.resume()
    return child
  }
  const authProcess = serve(auth, { ...secrets, PORT: ports.auth, ISSUER, DATABASE_URL: databaseUrl })
  const authCall = httpClient(ISSUER)
  await until(async () => (await authCall('/readyz')).status === 200)
  const resourceProcess = serve(resource, { PORT: ports.resource, ISSUER, CLIENT_ID: 'resource', CLIENT_SECRET })
  const resourceCall = httpClient(`http://127.0.0.1:${ports.resource}`)
  await until(async () => (await resourceCall('/readyz')).status === 200)

  const users = [ports.auth, ports.resource].map(port => userAt(`:${port}`))
  assert.deepEqual(users, ['1000', '1000'], 'both run as the user of the image')
  const { body } = await authCall('/session', { body: { email: 'admin@example.org', password, transport: 'body' } })
  const { accessToken } = body as { accessToken: string }
  assert.equal((await resourceCall('/storage', { token: accessToken })).status, 200)
  assert.equal((await authCall('/session', { method: 'DELETE', token: accessToken })).status, 204)
  assert.equal((await resourceCall('/storage', { token: accessToken })).status, 401)

  const seconds = []
  for (const [child, port] of [
    [resourceProcess, ports.resource],
    [authProcess, ports.auth],
  ] as const) {
    const startMs = systemClock.nowMs()
    process.kill(pidAt(`:${port}`), 'SIGTERM')
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
    seconds.push(((systemClock.nowMs() - startMs) / 1000).toFixed(1))
  }
  return [
    `${applied.length} migrations applied, both serve as user 1000, a revocation reaches the resource service`,
    `SIGTERM: the resource service ended after ${seconds[0]} s, the auth service after ${seconds[1]} s, both with code 0`,
  ]
}

function newSecrets(): Record<string, string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const SIGNING_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { SIGNING_KEY, REFRESH_KEYS: `1:${randomBytes(32).toString('hex')}` }
}

function stdoutOf({ stdout }: ChildProcess) {
  if (stdout === null) throw new Error('The output is not piped.')
  return stdout
}
