/** Installs packages outside the workspace, for the tests and benchmarks that use them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/**
 * Installs the packages of a folder with its own `package.json` and `pnpm-lock.yaml`, so that the
 * first install of the workspace stays small. It does nothing when they are already installed.
 * @param folder relative to the root of the repository
 * @returns the folder's absolute path; import its packages from a module in it
 * @throws {Error} when pnpm fails
 */
export async function installOnDemand(folder: string): Promise<string> {
  const dir = join(root, folder)
  const lock = join(dir, 'pnpm-lock.yaml')
  const installed = join(dir, 'node_modules', 'installed-lock.yaml')
  if (contentOf(installed) === contentOf(lock)) return dir
  console.error(`# installing the packages of ${folder}`)
  const pnpm = ['-y', 'pnpm@12', 'install', '--dir', dir, '--frozen-lockfile', '--prefer-offline']
  // A folder with settings of its own is a workspace, apart from the one around it.
  if (!existsSync(join(dir, 'pnpm-workspace.yaml'))) pnpm.push('--ignore-workspace')
  // tap reads results from standard output. On Windows only a shell finds npx.cmd.
  const child = spawn('npx', [...pnpm, '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`pnpm could not install the packages of ${folder}: it exited with ${code}`)
  copyFileSync(lock, installed)
  return dir
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
