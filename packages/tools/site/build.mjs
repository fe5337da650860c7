/** `npx pnpm docs:build`: builds the documentation site into the folder `site`, and fails on a dead link. */
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))
const root = join(folder, '..', '..', '..')
const pages = join(folder, 'pages')

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

// VitePress resolves Vue from the folder of a page, so the pages are copied beside its packages.
rmSync(pages, { recursive: true, force: true })
for (const name of readdirSync(root).filter(name => name.endsWith('.md'))) cpSync(join(root, name), join(pages, name))
cpSync(join(root, 'docs'), join(pages, 'docs'), { recursive: true })
run(
  'npx',
  '-y',
  'pnpm@12',
  'install',
  '--dir',
  '.',
  '--ignore-workspace',
  '--frozen-lockfile',
  '--ignore-scripts',
  '--prefer-offline',
)
// The API pages read the compiled declarations of the packages.
run(process.execPath, join(root, 'packages', 'tools', 'scripts', 'run.mjs'), 'build')
run(process.execPath, join('node_modules', 'typedoc', 'bin', 'typedoc'), '--logLevel', 'Error')
run(process.execPath, join('node_modules', 'vitepress', 'bin', 'vitepress.js'), 'build', '.')
