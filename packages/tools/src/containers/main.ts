/** `npx pnpm containers`: builds the images, inspects them, and runs the system from them. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { systemClock } from '@gatehouse/clock'
import { openStore, type Store } from './buildah.ts'
import { inspectGatewayImage, inspectImage } from './inspectImage.ts'
import { createLocalNginxImage, createLocalNodeImage } from './localImages.ts'
import { systemTest } from './systemTest.ts'

const services = ['auth', 'resource'] as const
const folder = process.env['GATEHOUSE_CONTAINERS'] ?? '/var/tmp/gatehouse-containers'

async function main(): Promise<void> {
  for (const tool of ['buildah', 'debootstrap', 'dnsmasq']) {
    if (!isInstalled(tool)) throw new Error(`${tool} is missing: apt-get install buildah crun debootstrap dnsmasq-base`)
  }
  if (process.getuid?.() !== 0) throw new Error('This command runs buildah as root.')
  mkdirSync(folder, { recursive: true })
  const store = openStore(folder)
  const [, image = ''] = /^ARG NODE_IMAGE=(.*)$/m.exec(readFileSync('services/auth/Dockerfile', 'utf8')) ?? []
  createLocalNodeImage(store, { image, node: process.env['NODE'] ?? process.execPath, folder })
  for (const service of services) {
    const startMs = systemClock.nowMs()
    build(store, service)
    const seconds = ((systemClock.nowMs() - startMs) / 1000).toFixed(0)
    const { appMb, packages } = inspectImage(store, service)
    console.log(`${service}: built in ${seconds} s; /app holds ${appMb} MB in ${packages} packages`)
  }
  const [, alpine = ''] = /^ARG ALPINE_IMAGE=(.*)$/m.exec(readFileSync('services/gateway/Dockerfile', 'utf8')) ?? []
  createLocalNginxImage(store, { image: alpine, folder })
  build(store, 'gateway')
  console.log(inspectGatewayImage(store))
  for (const line of await systemTest(store)) console.log(line)
}

function build({ buildah }: Store, service: string): void {
  // What the build needs to reach the package registry; mounts do not become part of an image.
  const mounts = ['/etc/ssl/certs', `${homedir()}/.npmrc`]
    .filter(existsSync)
    .flatMap(path => ['-v', `${path}:${path}:ro`])
  const options = ['--isolation', 'chroot', '--pull-never', '--network', 'host', '--format', 'docker', '--quiet']
  buildah('bud', ...options, ...mounts, '-f', `services/${service}/Dockerfile`, '-t', `localhost/${service}`, '.')
}

function isInstalled(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
main().catch((error: Error) => {
  console.error(error.message, error.cause ?? '')
  process.exit(1)
})
