/** Builds and runs images without a container engine: buildah, as root, in a store of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Store {
  /** @returns what it printed */
  buildah: (...args: string[]) => string
  /** A container of the image, to look into and to run; `mount` is its root file system. */
  container: (image: string) => Container
}

export interface Container {
  name: string
  mount: string
  /** Runs as the image's own user, in its folder. */
  run: (env: Record<string, string>, command: readonly string[]) => ChildProcess
  remove: () => void
}

export function openStore(folder: string): Store {
  const where = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
  const buildah = (...args: string[]) =>
    execFileSync('buildah', [...where, ...args], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      stdio: ['ignore', 'pipe', 2],
    }).trim()
  return {
    buildah,
    container: image => {
      const name = buildah('from', '--pull-never', image)
      return {
        name,
        mount: buildah('mount', name),
        run: (env, command) => {
          const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`])
          const options = ['run', '--isolation', 'chroot', '--network', 'host', ...variables, name, '--', ...command]
          return spawn('buildah', [...where, ...options], { stdio: ['ignore', 'pipe', 2] })
        },
        remove: () => void buildah('rm', name),
      }
    },
  }
}
