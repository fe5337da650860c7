#!/usr/bin/env node
/** Builds what has changed, then runs a command of the repository, for example `test`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

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
  'docs:images': ['packages/console/scripts/images.mjs'],
  containers: ['packages/tools/dist/src/containers/main.js'],
  packages: ['packages/tools/scripts/pack.mjs'],
  lossy: ['packages/client/scripts/lossy.mjs'],
  example: ['packages/client/scripts/example.mjs'],
  gatehouse: ['services/auth/dist/bundle/gatehouse.js'],
}

/** These print their progress, and take over the signals themselves. */
const reporting = ['build', 'start', 'tour', 'test']
const [name, ...args] = process.argv.slice(2)
if (!Object.hasOwn(commands, name ?? '')) {
  console.error(`Commands: ${Object.keys(commands).join(', ')}`)
  process.exit(2)
}

let child
function onInterrupt() {
  child?.kill()
  console.error('Stopped.')
  process.exit(130)
}
process.on('SIGINT', onInterrupt)

/** Runs a Node program and prints its name with its duration: `compile 1.2 s`. */
async function step(label, ...program) {
  const startedAt = performance.now()
  if (reporting.includes(name)) process.stderr.write(`  ${label.padEnd(11)} `)
  child = spawn(process.execPath, program, { stdio: ['ignore', 2, 2] })
  const [code] = await once(child, 'exit')
  if (reporting.includes(name)) process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
  if (code !== 0) process.exit(code ?? 1)
}

/** Generates Prisma's client only when the schema is newer, because that takes two seconds. */
async function build() {
  const schema = 'prisma/schema.prisma'
  const client = 'services/auth/src/generated/prisma/client.ts'
  const isStale = !existsSync(client) || statSync(client).mtimeMs < statSync(schema).mtimeMs
  if (isStale) await step('generate', 'node_modules/prisma/build/index.js', 'generate', '--no-hints')
  await step('compile', 'node_modules/typescript/bin/tsc', '-b')
  await step('bundle', 'packages/tools/scripts/bundle.mjs')
}

try {
  accessSync(root, constants.W_OK)
} catch {
  console.error(`The folder ${root} cannot be written: the build needs it.`)
  process.exit(1)
}
await build()
const [entry] = commands[name]
if (entry) {
  if (!reporting.includes(name)) process.off('SIGINT', onInterrupt)
  process.argv = [process.execPath, join(root, entry), ...args]
  // On Windows an absolute path is no valid specifier.
  await import(pathToFileURL(join(root, entry)).href)
}
