/** `gatehouse backup` and `gatehouse restore`, as processes on two databases. */
import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { freshDatabase, onServer } from '@gatehouse/testkit'
import t from 'tap'
import { linesOf } from '../../src/cli/backup.ts'
import { exitCodes } from '../../src/cli/command.ts'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { startReplica } from '../helpers/replicas.ts'
import { assertProblem, password } from '../helpers/service.ts'

const entry = fileURLToPath(new URL('../../bundle/gatehouse.js', import.meta.url))
const confirm = ['--confirm', 'end every session']

async function gatehouse(env: Record<string, string>, args: string[], input = '') {
  const child = spawn(process.execPath, [entry, ...args], { env: { PATH: process.env['PATH'], ...env } })
  // A command that refuses its arguments reads no input.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const exited = new Promise<number | null>(resolve => child.on('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await exited, stdout, stderr }
}

t.test('backup and restore: accounts, clients and the audit log survive, sessions do not', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser({ scopes: ['storage:read'] })
  const { accessToken, refreshToken } = await service.login(ada)
  await service.database.pool.query(
    `INSERT INTO device_authorizations (device_code_hash, user_code, client_id, audience, expires_at, interval_seconds)
     VALUES ('\\x01', 'BCDFGHJK', 'television', 'gatehouse', now() + interval '10 minutes', 5)`,
  )
  const longAgo = '2019-05-17T12:00:00Z'
  await service.database.pool.query(
    `INSERT INTO audit_entries (at, action, outcome, reason) VALUES ($1, 'test.old', 'done', U&'line\\2028separator')`,
    [longAgo],
  )
  // The password comes from the command, as for every other connection.
  const withoutPassword = new URL(service.database.url)
  const { password: databasePassword } = withoutPassword
  withoutPassword.password = ''
  const byCommand = { DATABASE_URL: withoutPassword.href, DATABASE_PASSWORD_COMMAND: `echo '${databasePassword}'` }
  const saved = await gatehouse({ ...service.environment, ...byCommand }, ['backup'])
  t.match(saved, { code: 0, stderr: /\d+ rows/ })
  t.notMatch(saved.stdout, 'BCDFGHJK', 'a device that waits belongs to a session that ends')
  t.notMatch(saved.stdout, refreshToken)

  const target = await freshDatabase()
  t.teardown(target.drop)
  const environment = { ...service.environment, DATABASE_URL: target.url }
  const restoring = (input: string, args = confirm) => gatehouse(environment, ['restore', ...args], input)
  t.match(await restoring(saved.stdout, []), { code: 2, stderr: /--confirm must be/ })
  t.match(await restoring('something else\n'), { code: 2, stderr: /not a backup/ })
  t.match(await restoring(saved.stdout.split('\n').slice(0, -2).join('\n')), { code: 2, stderr: /not whole/ })
  t.match(await restoring(saved.stdout.replace('_init', '_next')), { code: 2, stderr: /other migrations/ })
  const accounts = async (url: string) => (await onServer(url, 'SELECT * FROM accounts ORDER BY id')).rows
  t.strictSame(await accounts(target.url), [], 'a refused restore writes nothing')

  t.match(await restoring(saved.stdout), { code: 0, stdout: /"restored":\d+/ })
  const without = (rows: Record<string, unknown>[]) => rows.map(({ epoch: _, version: _version, ...rest }) => rest)
  t.strictSame(without(await accounts(target.url)), without(await accounts(service.database.url)))
  t.match(await restoring(saved.stdout), { code: 2, stderr: /not empty/ })
  const { rows } = await onServer(target.url, 'SELECT action FROM audit_entries ORDER BY id DESC LIMIT 1')
  t.match(rows, [{ action: 'database.after-restore' }], 'the audit log goes on')
  const old = await onServer(
    target.url,
    `SELECT tableoid::regclass AS partition FROM audit_entries WHERE action = 'test.old'`,
  )
  t.match(old.rows, [{ partition: 'audit_entries_2019_05' }], 'entries return to the partition of their month')

  const restored = await startReplica(t, service, { DATABASE_URL: target.url })
  assertProblem(t, await restored.call('/me', { token: accessToken }), 'session-ended')
  const again = await restored.call('/session', { body: { email: ada.email, password, transport: 'body' } })
  t.equal(again.status, 201)
})

t.test(
  'backup, create-admin: a database that does not answer is one sentence and the exit code unavailable',
  async t => {
    const environment = { DATABASE_URL: 'postgresql://127.0.0.1:1/none' }
    for (const args of [['backup'], ['create-admin', '--email', 'ada@example.org']]) {
      const { code, stdout, stderr } = await gatehouse(environment, args)
      t.strictSame({ code, stdout }, { code: exitCodes.unavailable, stdout: '' }, stderr)
      t.match(stderr, /^gatehouse: the database does not answer: .+\n$/, 'no stack')
    }
  },
)

t.test('restore: only LF ends a line, in whatever parts the input comes', async t => {
  const bytes = Buffer.from('a\u2028b\u2029c\u0085\r\nd\n\ne')
  const parts = Array.from(bytes, byte => Buffer.from([byte]))
  const lines: string[] = []
  for await (const line of linesOf(Readable.from(parts))) lines.push(line)
  t.strictSame(lines, ['a\u2028b\u2029c\u0085\r', 'd', '', 'e'])
})
