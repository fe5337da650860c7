/** `npx pnpm test`: lint, every test on a real PostgreSQL, the count. With files: those alone. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { interruptedCode, stopSignal } from './interrupt.ts'
import { compiledTest, findTests, sourceOf } from './testFiles.ts'
import { createTestProgress } from './testProgress.ts'

const launcher = fileURLToPath(new URL('./withPostgres.js', import.meta.url))
const migrate = 'services/auth/dist/src/database/migrate.js'
const stopped = stopSignal()
/** Of the tests and of the services that they start: with daylight saving of half an hour. */
const zone = process.env['TZ'] || 'Australia/Lord_Howe'

async function main(args: string[]): Promise<number> {
  const named = args.map(compiledTest)
  const unknown = named.find(file => !file.startsWith('-') && !existsSync(file))
  if (unknown !== undefined) {
    console.error(`There is no test ${sourceOf(unknown)}.`)
    return 2
  }
  const isWhole = named.length === 0
  const style = isWhole ? await run(['node_modules/@biomejs/biome/bin/biome', 'check', '.']) : 0
  // Single files cannot reach the coverage of all, and some run no code of the packages.
  const options = isWhole ? [] : ['--allow-incomplete-coverage', '--allow-empty-coverage', ...named]
  const tap = ['node_modules/tap/dist/esm/run.mjs', '--reporter=tap', ...options]
  const { print, show } = terminal()
  const progress = createTestProgress({ files: isWhole ? findTests('.') : [...named].sort(), print, show })
  if (!stopped.aborted) progress.start()
  const code = await run([launcher, '--migrate', migrate, '--', process.execPath, ...tap], progress.onLine)
  if (stopped.aborted) {
    print('Stopped.')
    return interruptedCode
  }
  const { pass, fail } = progress.counts
  print(`${pass} passed, ${fail} failed`)
  return code || style
}

/** A line at the bottom of a terminal says what runs; elsewhere only lines that stay are printed. */
function terminal() {
  const isTerminal = process.stdout.isTTY
  const clear = isTerminal ? '\r\x1b[K' : ''
  return {
    print: (line: string) => void process.stdout.write(`${clear}${line}\n`),
    show: (line: string) => {
      if (isTerminal) process.stdout.write(`${clear}${line.slice(0, process.stdout.columns - 1)}`)
    },
  }
}

async function run(args: string[], onLine: (line: string) => void = line => console.log(line)): Promise<number> {
  if (stopped.aborted) return interruptedCode
  const env = { ...process.env, TZ: zone }
  const child = spawn(process.execPath, args, { env, stdio: ['inherit', 'pipe', 'inherit'] })
  createInterface({ input: child.stdout }).on('line', line => stopped.aborted || onLine(line))
  stopped.addEventListener('abort', () => child.kill(stopped.reason === interruptedCode ? 'SIGINT' : 'SIGTERM'))
  return new Promise(resolve => child.on('close', code => resolve(code ?? 1)))
}

process.exit(await main(process.argv.slice(2)))
