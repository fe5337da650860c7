/** The compose file is valid, gives every process exactly what it needs, and hardens each. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Environment, readSettings, type Table } from '@gatehouse/settings'
import { imageEnv } from '@gatehouse/testkit'
import { Ajv } from 'ajv'
import t, { type Test } from 'tap'
import { type ComposeService, readCompose, withDefaults } from '../../src/containers/compose.ts'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

const { services, networks, secrets } = readCompose()
const serviceImages = ['auth', 'resource'] as const
const once = ['migrate', 'enrol']
const serviceOf = (name: string) => services[name] as ComposeService

async function tableOf(name: string): Promise<Table> {
  const { settings } = await import(`${process.cwd()}/services/${name}/dist/src/config.js`)
  return settings
}

/** Creates the secrets by the shipped script. */
function createSecrets(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-secrets-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  execFileSync('sh', ['services/gateway/secrets.sh', folder])
  return folder
}

t.test('compose: is valid by the Compose specification', async t => {
  const { $schema: _draft, ...schema } = JSON.parse(readFileSync('packages/tools/schemas/compose-spec.json', 'utf8'))
  const check = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema)
  check(readCompose())
  t.same(check.errors, null)
})

for (const name of serviceImages) {
  t.test(`compose ${name}: sets known variables and every required one, with accepted values`, async t => {
    const table = await tableOf(name)
    const folder = createSecrets(t)
    const { environment = {}, secrets: provided = [] } = serviceOf(name)
    const known = Object.keys(table).flatMap(variable => [
      variable,
      ...(table[variable]?.isSecret ? [`${variable}_FILE`] : []),
    ])
    const env: Record<string, string> = {}
    for (const [variable, value] of Object.entries(environment)) {
      t.ok(known.includes(variable), variable)
      const secret = /^\/run\/secrets\/(.*)$/.exec(value)?.[1]
      if (secret !== undefined) t.ok(provided.includes(secret), `${secret} is mounted`)
      env[variable] = secret === undefined ? withDefaults(value) : join(folder, secret)
      if (table[variable]?.isSecret) t.fail(`${variable} must come from a file`)
    }
    t.equal(provided.length, Object.values(environment).filter(value => value.startsWith('/run/secrets/')).length)
    const { readConfig } = (await import(`${process.cwd()}/services/${name}/dist/src/config.js`)) as {
      readConfig: (environment: Environment) => Record<string, unknown>
    }
    t.ok(readConfig(env))
    t.doesNotThrow(() => readSettings(table, env))
  })
}

t.test('secrets.sh: creates each secret once, in a folder for the owner; the compose file contains none', async t => {
  const folder = createSecrets(t)
  const names = Object.keys(secrets)
  t.same(readdirSync(folder).sort(), [...names].sort())
  t.equal(statSync(folder).mode & 0o777, 0o700)
  const read = () => names.map(name => readFileSync(join(folder, name), 'utf8'))
  const before = read()
  execFileSync('sh', ['services/gateway/secrets.sh', folder])
  t.same(read(), before, 'existing secrets are kept')
  t.equal(new Set(before).size, names.length)
  for (const { file } of Object.values(secrets)) t.match(file, /^\.\/secrets\/[\w-]+$/)
  t.match(readFileSync('.gitignore', 'utf8'), /^secrets\/$/m)
  t.notMatch(readFileSync('docker-compose.yml', 'utf8'), /PRIVATE KEY|password: \S|[0-9a-f]{32}/)
})

for (const [name, service] of Object.entries(services)) {
  t.test(`compose ${name}: is hardened and has limits`, async t => {
    t.equal(service.read_only, true)
    t.same(service.cap_drop, ['ALL'])
    t.same(service.security_opt, ['no-new-privileges:true'])
    t.equal(service.restart, once.includes(name) ? 'no' : 'unless-stopped')
    t.match(service.logging.options, { 'max-size': /^\d+m$/, 'max-file': /^\d$/ })
    for (const limit of ['cpus', 'memory', 'pids']) t.ok(service.deploy.resources.limits[limit], limit)
    const dockerfile = service.build && readFileSync(service.build.dockerfile, 'utf8')
    const user = service.user ?? /^USER ([\w:]+)$/m.exec(dockerfile ?? '')?.[1]
    t.ok(user && user !== 'root' && user !== '0', `user ${user}`)
    const { disable, test } = service.healthcheck ?? {}
    const isChecked = Boolean(test) || /^HEALTHCHECK /m.test(dockerfile ?? '')
    t.ok(once.includes(name) ? disable : isChecked || name === 'example', 'a health check')
    t.notMatch(JSON.stringify(test ?? ''), /curl/)
  })
}

t.test('compose: publishes one port, and only auth and the jobs reach PostgreSQL', async t => {
  const on = (network: string) => Object.keys(services).filter(name => serviceOf(name).networks.includes(network))
  t.same(on('database').sort(), ['auth', 'enrol', 'migrate', 'postgres'])
  t.same(on('inside').sort(), ['auth', 'example', 'gateway', 'resource'])
  t.same(on('outside'), ['gateway'])
  t.same([networks['database']?.internal, networks['inside']?.internal], [true, true])
  const published = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map(port => [name, port]))
  t.equal(published.length, 1)
  t.equal(published[0]?.[0], 'gateway')
})

t.test('compose: starts services in order, and auth and resource can be scaled', async t => {
  const waits = (name: string) => {
    const entries = Object.entries(serviceOf(name).depends_on ?? {})
    return Object.fromEntries(entries.map(([other, { condition }]) => [other, condition]))
  }
  t.same(waits('migrate'), { postgres: 'service_healthy' })
  t.same(waits('enrol'), { migrate: 'service_completed_successfully' })
  t.same(waits('auth'), { migrate: 'service_completed_successfully' })
  t.same(waits('resource'), { auth: 'service_healthy', enrol: 'service_completed_successfully' })
  t.same(waits('gateway'), { auth: 'service_healthy', resource: 'service_healthy' })
  for (const name of serviceImages) {
    const { ports, volumes, container_name, deploy } = serviceOf(name)
    t.same([ports, volumes, container_name, deploy.replicas], [undefined, undefined, undefined, 2])
  }
})

t.test('gateway templates: every variable is set by the image or the compose file', async t => {
  const dockerfile = readFileSync('services/gateway/Dockerfile', 'utf8')
  const provided = new Set([...Object.keys(serviceOf('gateway').environment ?? {}), 'RESOLVERS'])
  for (const [, name = ''] of dockerfile.matchAll(/^(?:ENV|\s+)\s*([A-Z_]+)=/gm)) provided.add(name)
  for (const folder of ['templates', 'templates-tls']) {
    for (const file of readdirSync(`services/gateway/${folder}`)) {
      const variables = readFileSync(`services/gateway/${folder}/${file}`, 'utf8').matchAll(/\$\{([A-Z_]+)\}/g)
      for (const [, name = ''] of variables) t.ok(provided.has(name), name)
    }
  }
})

t.test('Dockerfiles: build production files only, from one base image', async t => {
  const bases = serviceImages.map(
    name => /^ARG NODE_IMAGE=(.*)$/m.exec(readFileSync(`services/${name}/Dockerfile`, 'utf8'))?.[1],
  )
  t.equal(new Set(bases).size, 1)
  for (const name of serviceImages) {
    const dockerfile = readFileSync(`services/${name}/Dockerfile`, 'utf8')
    t.match(dockerfile, /--frozen-lockfile --offline/)
    t.match(dockerfile, /deploy --prod --offline/)
    t.match(dockerfile, /\nCMD \["node", /, 'process 1 receives the signals')
    t.match(dockerfile, /org\.opencontainers\.image\.version/)
  }
  const setInAuth = /^ENV (.*)$/m.exec(readFileSync('services/auth/Dockerfile', 'utf8'))?.[1]?.split(' ') ?? []
  for (const [name, value] of Object.entries(imageEnv))
    t.ok(setInAuth.includes(`${name}=${value}`), `${name} is the same as in tests`)
  const { dependencies } = JSON.parse(readFileSync('services/resource/package.json', 'utf8'))
  const unexpected = Object.keys(dependencies).filter(name => /prisma|^pg$/.test(name))
  t.same(unexpected, [])
  const ignored = readFileSync('.dockerignore', 'utf8').split('\n')
  const found = ignored.find(line => !line.startsWith('#'))
  t.equal(found, '**', 'everything that is not listed is ignored')
  t.notOk(ignored.some(line => /^!(secrets|\.git)/.test(line)))
})
