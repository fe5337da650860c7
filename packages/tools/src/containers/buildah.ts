/** Builds and runs images without a container engine: buildah, as root, in a store of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Store {
  /** @returns what it printed */
  buildah: (...args: string[]) => string
  has: (image: string) => boolean
  /** Makes an image of a root file system; `settings` are those of `buildah config`. */
  commit: (image: string, root: string, settings: readonly string[]) => void
  /** A container of the image, to look into and to run; `mount` is its root file system. */
  container: (image: string, nameServer?: string) => Container
}

export interface Container {
  name: string
  mount: string
  /** Runs as the image's own user, in its folder. */
  run: (env: Record<string, string>, command: readonly string[], volumes?: readonly string[]) => ChildProcess
  /** Ends what runs in it, too. */
  remove: () => void
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export function openStore(folder: string): Store {
  const where = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
  const buildah = (...args: string[]) =>
    execFileSync('buildah', [...where, ...args], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      stdio: ['ignore', 'pipe', 2],
    }).trim()
  const living = new Set<() => void>()
  process.on('exit', () => {
    for (const killAll of living) killAll()
  })
  return {
    buildah,
    has: image => buildah('images', '--format', '{{.Name}}:{{.Tag}}').split('\n').includes(image),
    commit: (image, root, settings) => {
      const archive = `${root}.tar`
      execFileSync('tar', ['-C', root, '-cf', archive, '.'])
      const container = buildah('from', 'scratch')
      buildah('add', '--quiet', container, archive, '/')
      buildah('config', '--env', path, ...settings, container)
      buildah('commit', '--quiet', container, image)
      buildah('rm', container)
    },
    container: (image, nameServer) => {
      const dns = nameServer === undefined ? [] : ['--dns', nameServer]
      const name = buildah('from', '--pull-never', ...dns, image)
      const running: ChildProcess[] = []
      const killAll = () => running.splice(0).forEach(killGroup)
      living.add(killAll)
      return {
        name,
        mount: buildah('mount', name),
        run: (env, command, volumes = []) => {
          const mounts = volumes.flatMap(volume => ['--volume', volume])
          const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`])
          const how = ['--isolation', 'chroot', '--network', 'host', ...mounts, ...variables]
          // In a group of its own: what runs inside outlives a buildah that is killed.
          const options = { detached: true, stdio: ['ignore', 'pipe', 2] as ['ignore', 'pipe', number] }
          const child = spawn('buildah', [...where, 'run', ...how, name, '--', ...command], options)
          running.push(child)
          return child
        },
        remove: () => {
          killAll()
          living.delete(killAll)
          buildah('rm', name)
        },
      }
    },
  }
}

function killGroup({ pid = 0 }: ChildProcess): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}
