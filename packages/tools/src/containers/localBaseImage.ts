/** Builds a substitute for the Dockerfiles' base image from Debian packages and the local Node. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Store } from './buildah.ts'

export interface LocalBaseImage {
  /** Name of the base image in the Dockerfiles. */
  image: string
  /** Path of the Node executable to copy. */
  node: string
  folder: string
}

/** Takes half a minute, unless the store has the image. */
export function createLocalBaseImage(store: Store, { image, node, folder }: LocalBaseImage): void {
  const name = `docker.io/library/${image}`
  if (store.has(name)) return
  const root = join(folder, 'rootfs')
  if (!existsSync(join(root, 'etc'))) {
    const options = ['--variant=minbase', '--include=libatomic1,ca-certificates', 'bookworm', root]
    execFileSync('debootstrap', options, { stdio: ['ignore', 'ignore', 2] })
    execFileSync('chroot', [root, 'useradd', '--create-home', '--uid', '1000', 'node'], { stdio: 'inherit' })
  }
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
  store.commit(name, root, certificates === undefined ? [] : ['--env', `NODE_EXTRA_CA_CERTS=${certificates}`])
}
