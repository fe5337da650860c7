/**
 * `npx pnpm test`: lint, then every test on a real PostgreSQL, then the count. `npx pnpm test
 * FILE...` runs single files.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('./withPostgres.js', import.meta.url))
const migrate = 'services/auth/dist/src/database/migrate.js'

async function main(files: string[]): Promise<number> {
  const style = files.length > 0 ? 0 : await run(['node_modules/@biomejs/biome/bin/biome', 'check', '.'])
  // Single files cannot reach the coverage of all.
  const options = files.length > 0 ? ['--allow-incomplete-coverage', ...files.map(compiled)] : []
  const counts = { pass: 0, fail: 0 }
  const tap = ['node_modules/tap/dist/esm/run.mjs', '--reporter=terse', ...options]
  const code = await run([launcher, '--migrate', migrate, '--', process.execPath, ...tap], line => {
    const count = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?/.exec(line)
    if (count) Object.assign(counts, { pass: Number(count[1] ?? 0), fail: Number(count[2] ?? 0) })
  })
  console.log(`${counts.pass} passed, ${counts.fail} failed`)
  return code || style
}

/** Maps a source path of a test to its compiled file. */
function compiled(file: string): string {
  return file.replace(/\/(test)\/(.*)\.ts$/, '/dist/test/$2.js')
}

function run(args: string[], onLine: (line: string) => void = () => undefined): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: ['inherit', 'pipe', 'inherit'] })
  let rest = ''
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk)
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return new Promise(resolve => child.on('close', code => resolve(code ?? 1)))
}

process.exit(await main(process.argv.slice(2)))
