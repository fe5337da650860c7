#!/usr/bin/env node
/** `npx pnpm run packages`: builds, then packs every package that is not private into the folder `tarballs`. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const tarballs = join(root, 'tarballs')

function run(command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

run(process.execPath, ['packages/tools/scripts/run.mjs', 'build'])
rmSync(tarballs, { recursive: true, force: true })
mkdirSync(tarballs)
for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name)
  const { private: isPrivate } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (!isPrivate) run('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', tarballs], folder)
}
console.log(`Install them elsewhere: npm install ${join(tarballs, '*.tgz')} fastify`)
