/** Checks the package as it would be published: publint and "are the types wrong", installed by npx when this runs. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const npm = join(dirname(process.execPath), 'npm')
const npx = join(dirname(process.execPath), 'npx')
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-client-'))
const run = (command, args) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 2] })
try {
  const [{ filename }] = JSON.parse(run(npm, ['pack', '--json', '--pack-destination', folder]))
  const tarball = join(folder, filename)
  console.log(run(npx, ['-y', 'publint@0.3', '--strict', tarball]))
  // Every export is an ES module, also for CommonJS projects on Node 20.19 and newer.
  console.log(run(npx, ['-y', '@arethetypeswrong/cli@0.18', '--profile', 'esm-only', tarball]))
} finally {
  rmSync(folder, { recursive: true })
}
