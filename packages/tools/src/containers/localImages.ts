/** Builds substitutes for the base images of the Dockerfiles from Debian packages and the local Node. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Store } from './buildah.ts'

interface LocalImage {
  /** Name of the base image in a Dockerfile. */
  image: string
  folder: string
}

/** @param node path of the Node executable to copy */
export function createLocalNodeImage(store: Store, { image, folder, node }: LocalImage & { node: string }): void {
  const root = join(folder, 'rootfs')
  createImage(store, {
    image,
    root,
    suite: 'bookworm',
    packages: 'libatomic1,ca-certificates',
    user: ['--create-home', '--uid', '1000', 'node'],
    settings: () => {
      const bin = join(root, 'usr/local/bin')
      const modules = join(root, 'usr/local/lib/node_modules')
      mkdirSync(modules, { recursive: true })
      const npm = realpathSync(join(dirname(realpathSync(process.execPath)), 'npm'))
      execFileSync('cp', [node, join(bin, 'node')])
      execFileSync('cp', ['-a', dirname(dirname(npm)), modules])
      for (const tool of ['npm', 'npx'])
        execFileSync('ln', ['-sf', `../lib/node_modules/npm/bin/${tool}-cli.js`, join(bin, tool)])
      // Needed where the package registry has a private certificate.
      const certificates = process.env['NODE_EXTRA_CA_CERTS']
      return certificates === undefined ? [] : ['--env', `NODE_EXTRA_CA_CERTS=${certificates}`]
    },
  })
}

/** The packages are in the image already. */
const apk = `#!/bin/sh
[ "$*" = 'add --no-cache nginx nginx-mod-http-lua lua-resty-core' ]
`

/** In place of Alpine. From Debian testing: `resolve` in upstreams needs nginx 1.27.3. */
export function createLocalNginxImage(store: Store, { image, folder }: LocalImage): void {
  const root = join(folder, 'rootfs-nginx-lua')
  createImage(store, {
    image,
    root,
    suite: 'testing',
    packages: 'nginx,libnginx-mod-http-lua,busybox',
    user: ['--system', '--uid', '101', '--user-group', '--no-create-home', 'nginx'],
    settings: () => {
      // Alpine's wget is that of busybox too.
      execFileSync('ln', ['-sf', '/usr/bin/busybox', join(root, 'usr/local/bin/wget')])
      writeFileSync(join(root, 'usr/local/bin/apk'), apk, { mode: 0o755 })
      return ['--env', 'PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']
    },
  })
}

interface DebianImage {
  image: string
  /** The folder of the root file system. */
  root: string
  suite: string
  packages: string
  /** Arguments of `useradd`. */
  user: readonly string[]
  /** Completes the root file system. @returns options of `buildah config` */
  settings: () => readonly string[]
}

/** Takes half a minute, unless the store has the image. */
function createImage(store: Store, { image, root, suite, packages, user, settings }: DebianImage): void {
  const name = `docker.io/library/${image}`
  if (store.has(name)) return
  const done = `${root}.done`
  if (!existsSync(done)) {
    const options = ['--variant=minbase', `--include=${packages}`, suite, root]
    execFileSync('debootstrap', options, { stdio: ['ignore', 'ignore', 2] })
    execFileSync('chroot', [root, 'useradd', ...user], { stdio: 'inherit' })
    writeFileSync(done, '')
  }
  store.commit(name, root, settings())
}
