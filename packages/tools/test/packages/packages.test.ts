/** The packed packages install into an application outside the workspace, compile there and run there. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { systemClock } from '@gatehouse/clock'
import {
  audience,
  claimsAt,
  clientId,
  clientSecret,
  compileTypeScript,
  fakeAuth,
  installOnDemand,
  signingKey,
  tokenOf,
} from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { allPrograms, checkFrameworks, writePrograms } from './helpers/frameworkPrograms.ts'
import { checkReadmes, writeReadmes } from './helpers/readmePrograms.ts'

const run = promisify(execFile)
process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

const packed = await mkdtemp(join(tmpdir(), 'gatehouse-packed-'))
t.teardown(() => rm(packed, { recursive: true }))
await run(process.execPath, ['packages/tools/scripts/pack.mjs', packed])
const tarballs = (await readdir(packed)).filter(file => file.endsWith('.tgz')).map(file => join(packed, file))

const { peerDependencies } = JSON.parse(await readFile('packages/guard/package.json', 'utf8'))
const lowestFastify: string = /^>=(\S+) <6$/.exec(peerDependencies.fastify)?.[1] ?? 'the range is not understood'

t.test('publint and attw find nothing', async t => {
  const folder = await installOnDemand('packages/tools/package-checks')
  const { stdout } = await run(process.execPath, [join(folder, 'check.mjs'), ...tarballs]).catch(error => error)
  t.equal(stdout, '')
})

t.test('each package contains its README and the licence', async t => {
  for (const tarball of tarballs) {
    const { stdout } = await run('tar', ['-tzf', tarball])
    for (const file of ['LICENSE', 'README.md']) t.ok(stdout.includes(`package/${file}\n`), `${tarball}: ${file}`)
  }
})

t.test('each package depends on packages that are packed, in their version', async t => {
  const manifests = await Promise.all(tarballs.map(manifestOf))
  const versions = new Map(manifests.map(({ name, version }) => [name, version]))
  for (const { name, dependencies = {} } of manifests) {
    for (const [dependency, range] of Object.entries(dependencies))
      if (dependency.startsWith('@gatehouse/')) t.equal(range, versions.get(dependency), `${name}: ${dependency}`)
  }
  t.ok(['@gatehouse/guard-core', '@gatehouse/conformance', '@gatehouse/client'].every(name => versions.has(name)))
})

t.test('publish: dependencies come first, and a repeated run publishes what the registry lacks', async t => {
  const registry = new Map<string, string>()
  const server = createServer(async (request, response) => {
    const { method, url = '' } = request
    const name = decodeURIComponent(url).slice(1)
    if (method === 'PUT') registry.set(name, await text(request))
    response.writeHead(registry.has(name) ? 200 : 404).end(registry.get(name) ?? '{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const host = `//127.0.0.1:${(server.address() as AddressInfo).port}/`
  const folder = t.testdir({ npmrc: `registry=http:${host}\n${host}:_authToken=none\n` })
  const chosen = tarballs.filter(file => /-(conformance|contract|protocol)-\d/.test(file))
  for (const file of chosen) await copyFile(file, join(folder, basename(file)))
  const env = { ...process.env, NPM_CONFIG_USERCONFIG: join(folder, 'npmrc') }
  const publish = (tag: string) => run(process.execPath, ['packages/tools/scripts/publish.mjs', tag, folder], { env })

  const { version } = await manifestOf(chosen[0] ?? '')
  await t.rejects(publish('v9.9.9'), /the tag is v9.9.9/)
  t.equal(registry.size, 0)
  await publish(`v${version}`)
  t.same(
    [...registry.keys()],
    ['contract', 'protocol', 'conformance'].map(name => `@gatehouse/${name}`),
  )
  registry.delete('@gatehouse/protocol')
  const { stdout } = await publish(`v${version}`)
  t.match(stdout, /contract \S+ is published already\n.*protocol \S+\n.*conformance \S+ is published already\n$/)
})

interface Manifest {
  name: string
  version: string
  dependencies?: Record<string, string>
}

async function manifestOf(tarball: string): Promise<Manifest> {
  const { stdout } = await run('tar', ['-xzOf', tarball, 'package/package.json'])
  return JSON.parse(stdout)
}

/** The second checks the declarations of all packages, too. The last two write what runs. */
const compilations = [
  { include: ['.'], module: 'esnext', moduleResolution: 'bundler', skipLibCheck: true, noEmit: true },
  { include: ['*.ts', 'autoload', 'readme'], module: 'nodenext', skipLibCheck: false, outDir: 'dist' },
  { include: ['frameworks'], module: 'nodenext', skipLibCheck: true, outDir: 'dist' },
]

const installs = {
  [`npm, with the lowest fastify of the range (${lowestFastify})`]: async (folder: string) => {
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
    await run('npm', ['install', ...flags, ...tarballs, `fastify@${lowestFastify}`], { cwd: folder })
  },
  'pnpm, with the fastify of the workspace': async (folder: string) => {
    const { version } = JSON.parse(await readFile('packages/guard/node_modules/fastify/package.json', 'utf8'))
    await cp(join(packed, 'pnpm-overrides.yaml'), join(folder, 'pnpm-workspace.yaml'))
    const flags = ['--prefer-offline', '--loglevel=error']
    await run('npx', ['-y', 'pnpm@12', 'add', ...flags, ...tarballs, `fastify@${version}`], { cwd: folder })
  },
}

for (const [name, install] of Object.entries(installs)) {
  t.test(
    `${name}: the code of each README, three shapes of applications and each framework compile and run`,
    async t => {
      const folder = await consumerFolder(t)
      await install(folder)
      for (const options of compilations) t.equal(await compile(folder, options), '')
      await checkResponses(t, folder)
      const { stderr } = await run(join(folder, 'node_modules/.bin/gatehouse-conformance'), ['--help'])
      t.match(stderr, /^Usage: gatehouse-conformance URL/)
      await checkReadmes(t, folder)
      await checkFrameworks(t, folder, name.startsWith('npm') ? allPrograms : ['express', 'nest'])
    },
  )
}

async function consumerFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-consumer-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await cp('packages/tools/consumer', folder, { recursive: true })
  await writeReadmes(join(folder, 'readme'))
  await writePrograms(join(folder, 'frameworks'))
  return folder
}

/** @returns the compiler's messages */
async function compile(folder: string, { include, ...options }: { include: string[] }): Promise<string> {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    rootDir: '.',
    // NestJS has no other decorators.
    experimentalDecorators: true,
    ...options,
  }
  const project = { compilerOptions, include, exclude: ['dist', 'node_modules'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project))
  return compileTypeScript(folder)
}

async function checkResponses(t: Test, folder: string): Promise<void> {
  const auth = await fakeAuth(systemClock)
  t.teardown(() => auth.stop())
  const key = signingKey()
  auth.keys = [key]
  const token = tokenOf(key, claimsAt(systemClock.wallMs(), { iss: auth.url, sub: 'ada' }))
  const input = { options: { issuer: auth.url, audience, clientId, clientSecret }, token }
  const env = { ...process.env, CONSUMER: JSON.stringify(input) }
  const { stdout } = await run(process.execPath, ['dist/main.js'], { cwd: folder, env, timeout: 30_000 })
  const { plain, ownHandlers, autoload } = JSON.parse(stdout)

  for (const shape of [plain, autoload]) {
    t.match(shape.refused, { status: 401, challenge: 'Bearer', body: { statusCode: 401, code: 'token-missing' } })
    t.match(shape.unknown, { status: 404, body: { error: 'Not Found' } })
  }
  t.match(ownHandlers.refused, {
    status: 401,
    challenge: 'Bearer realm="warehouse"',
    body: { type: `${auth.url}/problems/token-missing`, code: 'token-missing', action: 'renew' },
  })
  t.match(ownHandlers.unknown, { status: 404, body: { oops: 'not here' } })
  for (const shape of [plain, ownHandlers, autoload]) {
    t.match(shape.granted, { status: 200, body: { caller: 'ada' } })
    t.equal(shape.full.status, 422)
  }
}
