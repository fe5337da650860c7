/**
 * Builds a substitute for the official nginx image from Debian packages and a similar start script.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from './buildah.ts'

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

export interface LocalNginxImage {
  image: string
  folder: string
}

/**
 * Takes half a minute, unless the store has the image. From Debian testing: `resolve` in upstreams
 * needs nginx 1.27.3.
 */
export function createLocalNginxImage(store: Store, { image, folder }: LocalNginxImage): void {
  const name = `docker.io/library/${image}`
  if (store.has(name)) return
  const root = join(folder, 'rootfs-nginx')
  if (!existsSync(join(root, 'usr/sbin/nginx'))) {
    const options = ['--variant=minbase', '--include=nginx,gettext-base,busybox', 'testing', root]
    execFileSync('debootstrap', options, { stdio: ['ignore', 'ignore', 2] })
    const user = ['--system', '--uid', '101', '--user-group', '--no-create-home', 'nginx']
    execFileSync('chroot', [root, 'useradd', ...user], { stdio: 'inherit' })
    // The official image's wget is that of busybox too.
    execFileSync('chroot', [root, 'ln', '-s', '/usr/bin/busybox', '/usr/local/bin/wget'])
  }
  writeFileSync(join(root, 'docker-entrypoint.sh'), entrypoint, { mode: 0o755 })
  const entry = JSON.stringify(['/docker-entrypoint.sh'])
  store.commit(name, root, ['--entrypoint', entry, '--stop-signal', 'SIGQUIT'])
}
