/** A base image made of Debian's newest nginx and the start scripts of nginx's own image, under the name that the Dockerfile asks for. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from './buildah.ts'

const scripts = 'packages/proof/vendor/docker-nginx'

export interface StandInNginx {
  image: string
  folder: string
}

/** Takes half a minute; a second call finds it made. Debian testing, since older ones lack `resolve` in upstreams. */
export function standInNginx({ buildah }: Store, { image, folder }: StandInNginx): void {
  const name = `docker.io/library/${image}`
  if (buildah('images', '--format', '{{.Name}}:{{.Tag}}').split('\n').includes(name)) return
  const root = join(folder, 'rootfs-nginx')
  if (!existsSync(join(root, 'usr/sbin/nginx'))) {
    const options = ['--variant=minbase', '--include=nginx,gettext-base,busybox', 'testing', root]
    execFileSync('debootstrap', options, { stdio: ['ignore', 'ignore', 2] })
    const user = ['--system', '--uid', '101', '--user-group', '--no-create-home', 'nginx']
    execFileSync('chroot', [root, 'useradd', ...user], { stdio: 'inherit' })
    // Alpine's are busybox too.
    execFileSync('chroot', [root, 'ln', '-s', '/usr/bin/busybox', '/usr/local/bin/wget'])
  }
  const steps = join(root, 'docker-entrypoint.d')
  mkdirSync(steps, { recursive: true })
  for (const file of readdirSync(scripts)) if (/^\d/.test(file)) cpSync(join(scripts, file), join(steps, file))
  cpSync(join(scripts, 'docker-entrypoint.sh'), join(root, 'docker-entrypoint.sh'))

  const archive = join(folder, 'rootfs-nginx.tar')
  execFileSync('tar', ['-C', root, '-cf', archive, '.'])
  const container = buildah('from', 'scratch')
  buildah('add', '--quiet', container, archive, '/')
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const entry = JSON.stringify(['/docker-entrypoint.sh'])
  buildah('config', '--env', path, '--entrypoint', entry, '--stop-signal', 'SIGQUIT', container)
  buildah('commit', '--quiet', container, name)
  buildah('rm', container)
}
