/** Starts PgBouncer in transaction mode in front of a database. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, isListening, until } from '@gatehouse/testkit'
import type { Test } from 'tap'

const { error, stdout } = spawnSync('pgbouncer', ['--version'], { encoding: 'utf8' })
const [, major = 0, minor = 0] = /PgBouncer (\d+)\.(\d+)/.exec(stdout ?? '') ?? []
export const isPgBouncerInstalled = error === undefined
/** Since 1.21. */
export const keepsPreparedStatements = isPgBouncerInstalled && (Number(major) > 1 || Number(minor) >= 21)

/** @returns the URL of the database through PgBouncer, which keeps named statements if it can */
export async function startPgBouncer(t: Test, databaseUrl: string): Promise<string> {
  const target = new URL(databaseUrl)
  const port = await freePort()
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-pgbouncer-'))
  await chmod(dir, 0o755)
  const config = join(dir, 'pgbouncer.ini')
  const users = join(dir, 'users.txt')
  await writeFile(users, `"${target.username}" "${target.password}"\n`)
  await writeFile(
    config,
    `[databases]
* = host=${target.hostname} port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
pool_mode = transaction
default_pool_size = 3
${keepsPreparedStatements ? 'max_prepared_statements = 200' : ''}
`,
  )
  // It refuses to run as root.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn('pgbouncer', ['-q', ...asUser, config], { stdio: ['ignore', 'ignore', 'inherit'] })
  t.teardown(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    await rm(dir, { recursive: true })
  })
  await until(() => isListening(port), 'PgBouncer listens')
  const url = new URL(databaseUrl)
  url.port = String(port)
  url.searchParams.set('pgbouncer', 'true')
  return url.href
}
