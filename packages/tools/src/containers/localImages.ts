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
    ...{ image, root, suite: 'bookworm', packages: 'libatomic1,ca-certificates' },
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

/**
 * Follows the documentation of the official image: sets the resolvers, renders the templates,
 * starts the command.
 */
const entrypoint = `#!/bin/sh
set -eu
if [ -n "\${NGINX_ENTRYPOINT_LOCAL_RESOLVERS:-}" ]; then
  NGINX_LOCAL_RESOLVERS=$(awk '$1 == "nameserver" { print ($2 ~ /:/) ? "[" $2 "]" : $2 }' /etc/resolv.conf | tr '\\n' ' ')
  export NGINX_LOCAL_RESOLVERS
fi
names=$(env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\${\\1}/p' | tr '\\n' ' ')
for template in "\${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}"/*.template; do
  envsubst "$names" < "$template" > "\${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}/$(basename "$template" .template)"
done
for script in /docker-entrypoint.d/*.sh; do
  [ ! -x "$script" ] || "$script"
done
exec "$@"
`

/** From Debian testing: `resolve` in upstreams needs nginx 1.27.3. */
export function createLocalNginxImage(store: Store, { image, folder }: LocalImage): void {
  const root = join(folder, 'rootfs-nginx')
  createImage(store, {
    ...{ image, root, suite: 'testing', packages: 'nginx,gettext-base,busybox' },
    user: ['--system', '--uid', '101', '--user-group', '--no-create-home', 'nginx'],
    settings: () => {
      // The official image's wget is that of busybox too.
      execFileSync('ln', ['-sf', '/usr/bin/busybox', join(root, 'usr/local/bin/wget')])
      writeFileSync(join(root, 'docker-entrypoint.sh'), entrypoint, { mode: 0o755 })
      return ['--entrypoint', JSON.stringify(['/docker-entrypoint.sh']), '--stop-signal', 'SIGQUIT']
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
