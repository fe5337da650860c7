/** Builds and runs images by buildah as root, without a container engine, in a separate store. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Store {
  /** @returns the output of the command */
  buildah: (...args: string[]) => string
  has: (image: string) => boolean
  /** Creates an image from a root file system; `settings` are options of `buildah config`. */
  commit: (image: string, root: string, settings: readonly string[]) => void
  /** Creates a container from the image. */
  container: (image: string, nameServer?: string) => Container
}

export interface Container {
  name: string
  /** Path of the root file system on the host. */
  mount: string
  /** Runs a command as the image's user in its working directory. */
  run: (env: Record<string, string>, command: readonly string[], volumes?: readonly string[]) => ChildProcess
  /** Also kills the processes in the container. */
  remove: () => void
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export function openStore(folder: string): Store {
  const storeOptions = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
  const buildah = (...args: string[]) =>
    execFileSync('buildah', [...storeOptions, ...args], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      stdio: ['ignore', 'pipe', 2],
    }).trim()
  const running = new Set<() => void>()
  process.on('exit', () => {
    for (const killAll of running) killAll()
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
      const children: ChildProcess[] = []
      const killAll = () => children.splice(0).forEach(killGroup)
      running.add(killAll)
      return {
        name,
        mount: buildah('mount', name),
        run: (env, command, volumes = []) => {
          const mounts = volumes.flatMap(volume => ['--volume', volume])
          const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`])
          const runOptions = ['--isolation', 'chroot', '--network', 'host', ...mounts, ...variables]
          // In a separate process group: the processes inside outlive a killed buildah.
          const options = { detached: true, stdio: ['ignore', 'pipe', 2] as ['ignore', 'pipe', number] }
          const child = spawn('buildah', [...storeOptions, 'run', ...runOptions, name, '--', ...command], options)
          children.push(child)
          return child
        },
        remove: () => {
          killAll()
          running.delete(killAll)
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
    // The group has exited.
  }
}
