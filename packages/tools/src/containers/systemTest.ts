/** Runs the system from its images, as the compose file does: tour, exchange of replicas, end. */
import { strict as assert } from 'node:assert'
import { type ChildProcess, execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { sendRaw } from '@gatehouse/e2e'
import { type Call, freePort, httpClient, startPostgres, until } from '@gatehouse/testkit'
import type { Container, Store } from './buildah.ts'
import { readCompose, withDefaults } from './compose.ts'
import { pidAt, secondsToStop, userAt } from './listeners.ts'
import { startNameServer } from './nameServer.ts'
import { startRenewalLoad } from './renewalLoad.ts'

const tour = 'packages/devstack/dist/src/tourMain.js'
const email = 'admin@example.org'
const password = 'correct horse battery staple'
const resources = ['127.0.3.1', '127.0.3.2']

interface TestBed {
  store: Store
  folder: string
  databaseUrl: string
  /** Creates a container for one process. */
  container: (image: string, nameServer: string) => Container
  undo: (() => unknown)[]
  /** The log output of all processes. */
  output: string[]
}

export async function systemTest(store: Store): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-containers-'))
  chmodSync(folder, 0o755)
  const output: string[] = []
  const undo: TestBed['undo'] = [() => rmSync(folder, { recursive: true, force: true })]
  try {
    const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), persistent: false })
    undo.push(postgres.stop)
    const container = (name: string, nameServer: string): Container => {
      const created = store.container(`localhost/${name}`, nameServer)
      undo.push(created.remove)
      return created
    }
    return await runTest({ store, folder, databaseUrl: postgres.url, container, undo, output })
  } catch (error) {
    throw new Error(`The test failed after\n${output.join('').split('\n').slice(-30).join('\n')}`, { cause: error })
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

async function runTest(testBed: TestBed): Promise<string[]> {
  const { store, folder, container, undo, output } = testBed
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const names = { auth: ['127.0.2.1', '127.0.2.2'], resource: resources, example: ['127.0.4.1'] }
  const nameServer = await startNameServer(folder, names)
  undo.push(nameServer.stop)
  const volumes = [`${makeSecrets(testBed)}:/run/secrets:ro`]
  const run = (service: string, { command, env = {} }: Running) => {
    const image = ['migrate', 'enrol'].includes(service) ? 'auth' : service
    return container(image, nameServer.address).run({ ...environmentOf(service, url), ...env }, command, volumes)
  }
  const serve = (service: string, running: Running) => {
    const child = run(service, running)
    child.stdout?.setEncoding('utf8').on('data', chunk => output.push(chunk))
    return child
  }
  const main = ['node', '--enable-source-maps', 'dist/bundle/main.js']
  // Short, because the tour waits until a token has expired.
  const startAuth = (host: string) => serve('auth', { command: main, env: { HOST: host, ACCESS_TOKEN_SECONDS: '5' } })

  for (const job of ['migrate', 'enrol']) await succeeded(run(job, { command: commandOf(job) }))
  for (const account of [
    ['create-admin', '--email', email],
    ['create-account', '--email', 'ada@example.org'],
  ])
    await succeeded(run('migrate', { command: ['gatehouse', ...account], env: { PASSWORD: password } }))
  const auths = new Map(names.auth.map(host => [host, startAuth(host)]))
  for (const host of names.auth) await ready(`http://${host}:3000`)
  const [resource] = resources.map(host => serve('resource', { command: main, env: { HOST: host } }))
  for (const host of resources) await ready(`http://${host}:4000`)
  for (const address of ['127.0.2.1:3000', '127.0.3.1:4000'])
    assert.equal(userAt(address), '1000', `${address} is served by the user of the image`)
  // nginx opens its standard output by name, which `buildah run` does not permit to the container's
  // user, so that is a pipe.
  const gateway = serve('gateway', {
    command: ['bash', '-o', 'pipefail', '-c', '/etc/gateway-shipped/start.sh | cat'],
    env: { GATEWAY_PORT: String(port), BODY_TIMEOUT: '2' },
  })
  const call = httpClient(url)
  await until(async () => (await call('/api/storage')).status === 401)
  assert.equal(userAt(`0.0.0.0:${port}`, 'master'), '101', 'the gateway runs as its own user')
  await succeeded(run('gateway', { command: healthCheckOf(store), env: { GATEWAY_PORT: String(port) } }))

  const slow = await sendRaw(port, 'POST /example/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n', ' ')
  assert.match(slow.text, /^HTTP\/1\.1 408 [\s\S]*"code":"request-malformed"/, 'the time of a body is bounded')
  const tourRequests = await takeTour(folder, url)
  const load = startRenewalLoad(call, await login(call))
  // A third replica starts and the first stops, as in the roll-out of a release.
  startAuth('127.0.2.3')
  await ready('http://127.0.2.3:3000')
  nameServer.update({ ...names, auth: ['127.0.2.2', '127.0.2.3'] })
  const seconds = [await secondsToStop(auths.get('127.0.2.1'), '127.0.2.1:3000')]
  const { answered, failures } = await load()
  assert.deepEqual(failures, [])
  const newReplicaRequests = output.join('').match(/"upstream":"127\.0\.2\.3:3000","upstreamStatus":"200"/g) ?? []
  assert.ok(newReplicaRequests.length > 0, 'the new replica receives requests')

  process.kill(pidAt(`0.0.0.0:${port}`, 'master'), 'SIGQUIT')
  const [gatewayCode] = await once(gateway, 'exit')
  assert.equal(gatewayCode, 0)
  seconds.push(await secondsToStop(resource, '127.0.3.1:4000'))
  return [
    `SIGTERM: the auth service ended after ${seconds[0]} s, the resource service after ${seconds[1]} s, both with code 0`,
    `the gateway runs as user 101 and resolves the replicas by name; ${tourRequests} requests of the tour answered as expected`,
    `an auth replica was exchanged under load: ${answered} requests, none failed, ${newReplicaRequests.length} at the new replica`,
  ]
}

interface Running {
  command: readonly string[]
  env?: Record<string, string>
}

/** The environment of the service in the compose file. */
function environmentOf(service: string, url: string): Record<string, string> {
  const { environment = {} } = readCompose().services[service] ?? {}
  const values = Object.entries(environment).map(([name, value]) => [name, withDefaults(value)])
  return {
    ...Object.fromEntries(values),
    ...('ISSUER' in environment ? { ISSUER: `${url}/auth` } : {}),
    TRUST_PROXY: 'loopback',
  }
}

function commandOf(job: string): string[] {
  return readCompose().services[job]?.command ?? []
}

/** The command of the image's health check. */
function healthCheckOf({ buildah }: Store): string[] {
  const { Docker } = JSON.parse(buildah('inspect', '--type', 'image', 'localhost/gateway'))
  const [, command] = Docker.config.Healthcheck.Test as [string, string]
  return ['sh', '-c', command]
}

/** Creates the secrets by the shipped script, except the database URL. */
function makeSecrets({ folder, databaseUrl }: TestBed): string {
  const secrets = join(folder, 'secrets')
  mkdirSync(secrets)
  writeFileSync(join(secrets, 'database-url'), databaseUrl)
  execFileSync('sh', ['services/gateway/secrets.sh', secrets])
  chmodSync(secrets, 0o755)
  chmodSync(join(secrets, 'database-url'), 0o444)
  return secrets
}

async function succeeded(child: ChildProcess): Promise<void> {
  const [output, [code]] = await Promise.all([child.stdout ? text(child.stdout) : '', once(child, 'exit')])
  assert.equal(code, 0, output)
}

async function ready(url: string): Promise<void> {
  await until(async () => (await httpClient(url)('/readyz')).status === 200)
}

async function takeTour(folder: string, url: string): Promise<number> {
  const admin = { email, password }
  const user = { email: 'ada@example.org', password }
  const credentials = { authUrl: `${url}/auth`, resourceUrl: `${url}/api`, admin, user }
  writeFileSync(join(folder, 'credentials.json'), JSON.stringify(credentials))
  const env = { ...process.env, GATEHOUSE_DATA: folder }
  const { stdout } = await promisify(execFile)(process.execPath, [tour], { env, timeout: 120_000 })
  assert.match(stdout, /That was the tour\.\n$/)
  return stdout.match(/^< /gm)?.length ?? 0
}

async function login(call: Call): Promise<{ refreshToken: string }> {
  const { body } = await call('/auth/session', { body: { email, password, transport: 'body' } })
  return body as { refreshToken: string }
}
