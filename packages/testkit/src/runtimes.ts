/** Runtimes other than Node. */
import { join } from 'node:path'
import { installOnDemand } from './installOnDemand.ts'

/** @returns the path of each program */
export async function installRuntimes(): Promise<Record<'Bun' | 'Deno', string>> {
  const modules = join(await installOnDemand('packages/testkit/runtimes'), 'node_modules')
  const suffix = process.platform === 'win32' ? '.exe' : ''
  // The packages give Bun this name on every platform, and make Deno a child of a Node process in `.bin`.
  return { Bun: join(modules, 'bun/bin/bun.exe'), Deno: join(modules, `deno/deno${suffix}`) }
}
