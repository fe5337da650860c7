#!/usr/bin/env node
/**
 * Builds what has changed, then runs a command of the repository, for example `start`, `test` or
 * `tour`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const wanted = [20, 19]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < wanted[0] || (major === wanted[0] && minor < wanted[1])) {
  console.error(`Gatehouse needs Node ${wanted.join('.')} or newer; this is ${process.versions.node}.`)
  process.exit(1)
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
process.chdir(root)

const commands = {
  build: [],
  start: ['packages/devstack/dist/src/main.js'],
  tour: ['packages/devstack/dist/src/tourMain.js'],
  test: ['packages/testkit/dist/src/testRunner.js'],
  chaos: ['packages/e2e/dist/src/chaos/main.js'],
  soak: ['packages/e2e/dist/src/soak/main.js'],
  bench: ['packages/bench/dist/src/main.js'],
  model: ['packages/protocol/dist/model/run.js'],
  simulate: ['packages/protocol/dist/sim/run.js'],
  mutate: ['packages/tools/dist/src/mutate/main.js'],
  docs: ['packages/tools/dist/src/docs/main.js'],
  containers: ['packages/tools/dist/src/containers/main.js'],
  packages: ['packages/tools/scripts/pack.mjs'],
  lossy: ['packages/client/scripts/lossy.mjs'],
  example: ['packages/client/scripts/example.mjs'],
  gatehouse: ['services/auth/dist/bundle/gatehouse.js'],
}

function run(file, ...args) {
  const { status, error } = spawnSync(process.execPath, [file, ...args], { stdio: ['ignore', 2, 2] })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

/** Generates Prisma's client only when the schema is newer, because that takes two seconds. */
function build() {
  const schema = 'prisma/schema.prisma'
  const client = 'services/auth/src/generated/prisma/client.ts'
  const isStale = !existsSync(client) || statSync(client).mtimeMs < statSync(schema).mtimeMs
  if (isStale) run('node_modules/prisma/build/index.js', 'generate', '--no-hints')
  run('node_modules/typescript/bin/tsc', '-b')
  run('packages/tools/scripts/bundle.mjs')
}

const [name, ...args] = process.argv.slice(2)
if (!Object.hasOwn(commands, name ?? '')) {
  console.error(`Commands: ${Object.keys(commands).join(', ')}`)
  process.exit(2)
}
build()
const [entry] = commands[name]
if (entry) {
  process.argv = [process.execPath, join(root, entry), ...args]
  await import(join(root, entry))
}
