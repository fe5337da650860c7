/** Prisma's command line with this engine: the commands that need a database answer as with the native binary. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freshDatabase } from '@gatehouse/testkit'
import t from 'tap'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const run = promisify(execFile)

t.test('prisma: migrate deploy, status and diff work on a migrated database', async t => {
  const { url } = await freshDatabase(t.teardown)
  const prisma = async (...args: string[]) => {
    const env = { ...process.env, DATABASE_URL: url }
    const { stdout } = await run(process.execPath, ['node_modules/prisma/build/index.js', ...args], { cwd: root, env })
    return stdout
  }
  t.match(await prisma('migrate', 'deploy'), /No pending migrations to apply/)
  t.match(await prisma('migrate', 'status'), /Database schema is up to date/)
  const sources = ['--from-migrations', 'prisma/migrations', '--to-schema', 'prisma/schema.prisma']
  t.match(await prisma('migrate', 'diff', ...sources, '--exit-code'), /No difference detected/)
})

t.test('prisma: a command without a database reports that DATABASE_URL is missing', async t => {
  const { DATABASE_URL: _url, ...env } = process.env
  const args = ['node_modules/prisma/build/index.js', 'migrate', 'status']
  const failure = await run(process.execPath, args, { cwd: root, env }).catch(error => error)
  t.match(failure.stderr, /datasource\.url/)
})
