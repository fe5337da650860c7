#!/usr/bin/env node
/** `pnpm run packages [FOLDER]`: packs the published packages as tarballs, into `tarballs` by default. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const folder = resolve(process.argv[2] ?? 'tarballs')
const names = readdirSync('packages')
  .map(name => join('packages', name, 'package.json'))
  .filter(file => existsSync(file))
  .map(file => JSON.parse(readFileSync(file, 'utf8')))
  .filter(manifest => !manifest.private)
  .map(({ name }) => name)

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
// pnpm writes versions in place of `workspace:*`, and adds the LICENSE of the root to each package.
const filters = names.flatMap(name => ['--filter', name])
const pack = ['-y', 'pnpm@12', '--recursive', ...filters, 'pack', '--pack-destination', folder]
const { status } = spawnSync('npx', pack, {
  stdio: ['ignore', 'ignore', 'inherit'],
  shell: process.platform === 'win32',
})
if (status !== 0) process.exit(status ?? 1)

const tarballs = readdirSync(folder).sort()
const overrides = names.map(name => {
  const tarball = tarballs.find(file => file.startsWith(`${name.slice(1).replace('/', '-')}-`))
  return `  '${name}': 'file:${join(folder, tarball)}'`
})
const overridesFile = join(folder, 'pnpm-overrides.yaml')
writeFileSync(overridesFile, ['overrides:', ...overrides, ''].join('\n'))
console.log(`${tarballs.map(file => join(folder, file)).join('\n')}

Install them all, since they depend on each other:

  npm install ${folder}/*.tgz fastify

With pnpm, copy ${overridesFile}
into your pnpm-workspace.yaml first, or pnpm looks for them in the registry. Then:

  pnpm add ${folder}/*.tgz fastify`)
