/**
 * `npx pnpm mutate`: applies each mutation to a copy of the compiled workspace and runs the tests
 * that must notice it. `--only TEXT` chooses mutations by their file. The exit code is 1 when a
 * mutation survives.
 */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '@gatehouse/clock'
import { type Mutation, readMutations } from './mutation.ts'
import { compiledPath, copyWorkspace, type WorkspaceCopy } from './workspaceCopy.ts'

/** The limit of a test file without a mutation. */
const firstLimitMs = 600_000
/** With a mutation, a test file that takes so many times longer counts as failed: it waits forever. */
const limitFactor = 3
const minLimitMs = 60_000
const limitsMs = new Map<string, number>()
const inner = 'GATEHOUSE_MUTATE_INNER'

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const chosen = readMutations().filter(({ file }) => file.includes(values.only))
const needsDatabase = chosen.some(({ file }) => file.startsWith('services/auth/'))
process.exitCode = needsDatabase && process.env[inner] === undefined ? await runWithPostgres() : await runAll()

/** Starts this program again with a PostgreSQL for the tests. */
function runWithPostgres(): Promise<number> {
  const launcher = join(dirname(fileURLToPath(import.meta.resolve('@gatehouse/testkit'))), 'withPostgres.js')
  const migrate = 'services/auth/dist/src/database/migrate.js'
  const self = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const child = spawn(process.execPath, [launcher, '--migrate', migrate, '--', ...self], {
    stdio: 'inherit',
    env: { ...process.env, [inner]: 'true' },
  })
  return new Promise(resolve => child.on('close', code => resolve(code ?? 1)))
}

async function runAll(): Promise<number> {
  const copy = copyWorkspace(process.cwd())
  try {
    const broken = await failingTests(copy)
    if (broken.length > 0) {
      console.error(`These tests fail without a mutation: ${broken.join(', ')}`)
      return 2
    }
    let caught = 0
    for (const [index, mutation] of chosen.entries()) {
      const test = await run(copy, mutation)
      if (test !== undefined) caught += 1
      report({ mutation, test, index })
    }
    console.log(`${caught} of ${chosen.length} mutations caught (${Math.floor((100 * caught) / chosen.length)} %)`)
    return caught === chosen.length ? 0 : 1
  } finally {
    copy.remove()
  }
}

/** The tests that fail without a mutation, which would prove nothing. Sets the limits of the others. */
async function failingTests(copy: WorkspaceCopy): Promise<string[]> {
  const failing: string[] = []
  for (const test of new Set(chosen.flatMap(({ tests }) => tests))) {
    const startMs = systemClock.nowMs()
    if (!(await passes(copy, test))) failing.push(test)
    limitsMs.set(test, Math.max(minLimitMs, limitFactor * (systemClock.nowMs() - startMs)))
  }
  return failing
}

/** @returns the test that noticed the mutation; undefined when it survived */
async function run(copy: WorkspaceCopy, mutation: Mutation): Promise<string | undefined> {
  const undo = copy.apply(mutation)
  try {
    for (const test of mutation.tests) if (!(await passes(copy, test))) return test
    return undefined
  } finally {
    undo()
  }
}

async function passes(copy: WorkspaceCopy, test: string): Promise<boolean> {
  const limitMs = limitsMs.get(test) ?? firstLimitMs
  const child = spawn(process.execPath, [compiledPath(test)], {
    cwd: copy.root,
    stdio: 'ignore',
    env: { ...process.env, TAP_TIMEOUT: String(Math.ceil(limitMs / 1000)) },
  })
  const timer = new AbortController()
  systemClock.sleep(limitMs, timer.signal).then(
    () => child.kill('SIGKILL'),
    () => undefined,
  )
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  timer.abort('ended')
  return code === 0
}

function report({ mutation, test, index }: { mutation: Mutation; test: string | undefined; index: number }): void {
  const { file, from, to } = mutation
  const result = test === undefined ? 'SURVIVED' : 'caught  '
  const change = `${from.trim()} -> ${to.trim() || 'nothing'}`.replace(/\s+/g, ' ')
  console.log(`${String(index + 1).padStart(3)} ${result} ${file}: ${change}${test === undefined ? '' : ` (${test})`}`)
}
