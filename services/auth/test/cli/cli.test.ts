/** The command line, run as a process: output, saved files and exit codes. */
import { execFile } from 'node:child_process'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freshDatabase, onServer } from '@gatehouse/testkit'
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { homeFor, runner } from '../helpers/cli.ts'
import { environmentFor, password } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

const modules = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

t.test('cli: an admin logs in, lists, revokes and logs out', async t => {
  const service = await startWithAdmin(t, { ACCESS_TOKEN_SECONDS: '300' })
  const ada = await service.createUser()
  await service.login(ada, { device: '\u2603 laptop' })
  const home = await homeFor(t)
  const gatehouse = runner({ GATEHOUSE_HOME: home, PASSWORD: password })
  t.match(await gatehouse('users', 'list'), { code: 3, stdout: '', stderr: /Not logged in/ })
  const login = ['login', '--url', service.url, '--email', service.admin.email]
  t.match(await gatehouse(...login), { code: 0, stdout: /Logged in/ })
  t.equal((await stat(join(home, 'login.json'))).mode & 0o777, 0o600)

  const list = await gatehouse('users', 'list')
  t.match(list, { code: 0, stdout: /^EMAIL +STATE +ROLES/ })
  t.match(list.stdout, ada.email)
  const found = JSON.parse((await gatehouse('users', 'list', '--email', ada.email, '--json')).stdout)
  t.match(found, [{ id: ada.id, email: ada.email, sessions: 1 }])
  t.match((await gatehouse('users', 'show', ada.email)).stdout, /\u2603 laptop/)

  const disabled = await gatehouse('users', 'disable', ada.email, '--yes', '--reason', 'laptop lost', '--json')
  t.match(JSON.parse(disabled.stdout), { subject: ada.id, inForce: true, sessionsEnded: 1 })
  t.match(await service.lastAudit('user.disable'), { actor: service.admin.id, reason: 'laptop lost' })
  const audit = await gatehouse('audit', 'list', '--target', ada.email, '--action', 'user.disable', '--json')
  t.match(JSON.parse(audit.stdout), [{ target: ada.id }])
  t.match(await gatehouse('users', 'delete', ada.email), { code: 2, stderr: /users delete .*Add --yes/ })
  t.match((await gatehouse('users', 'enable', ada.id)).stdout, /in force +yes/)
  t.match(await gatehouse('users', 'disable', service.admin.id, '--yes'), { code: 1, stderr: /confirmation-required/ })
  t.match(await gatehouse('users', 'disable', service.admin.id, '--myself', '--yes'), { code: 1, stderr: /last-admin/ })
  t.match((await gatehouse('users', 'set-rights', ada.id, '--scope', 'storage:read')).stdout, /storage:read/)
  t.match((await gatehouse('users', 'set-rights', ada.id, '--scope', '')).stdout, /in force +yes/)
  const matching = await gatehouse('sessions', 'end-matching', '--account', ada.email, '--dry-run')
  t.match(matching, { code: 0, stdout: /sessions +0/ })

  const created = await gatehouse('clients', 'create', '--id', 'robot', '--scope', 'users:read', '--json')
  t.match(JSON.parse(created.stdout), { client: { id: 'robot' }, secret: /^ghc_/ })
  t.match(JSON.parse((await gatehouse('clients', 'rotate', 'robot', '--json')).stdout), { secret: /^ghc_/ })
  t.match(await gatehouse('clients', 'delete', 'robot', '--yes'), { code: 0 })
  const { stdout: entries } = await gatehouse('audit', 'list', '--action', 'user.disable')
  t.match(entries, new RegExp(`${service.admin.email} +${ada.email} .*laptop lost`))
  t.match((await gatehouse('audit', 'list', '--action', 'client.create')).stdout, / robot /, 'a client has no address')
  const missing = await gatehouse('clients', 'rotate', 'absent')
  t.match(missing, { code: 1, stderr: 'gatehouse: there is no client absent (not-found)' })
  const lines = (await gatehouse('audit', 'export', '--action', 'user.disable')).stdout.trim().split('\n')
  t.match(JSON.parse(lines[0] ?? ''), { action: 'user.disable', target: ada.id })
  t.match(await gatehouse('guards', 'list'), { code: 0, stdout: /^NAME/ })
  t.match(JSON.parse((await gatehouse('receipts', 'show', '1', '--json')).stdout), { seq: 1, inForce: true })
  t.match(JSON.parse((await gatehouse('whoami', '--json')).stdout), { email: service.admin.email, roles: ['admin'] })

  t.match(await gatehouse('keys', 'withdraw', 'unknown'), { code: 2, stderr: /keys withdraw unknown: .*Add --yes/ })

  t.match(await gatehouse('logout'), { code: 0 })
  t.match(await gatehouse('whoami'), { code: 3 })

  const typed = await runner({ GATEHOUSE_HOME: home }, undefined, `${password}\n`)(...login)
  t.match(typed, { code: 0, stdout: /Logged in/, stderr: /^Password of / }, 'a typed password logs in')
  const nothing = await runner({ GATEHOUSE_HOME: home }, undefined, '')(...login)
  t.match(nothing, { code: 2, stderr: /the password is empty/ }, 'an ended input is an empty password')
})

t.test('cli: renews the saved log-in when needed, and forgets it only when the session is over', async t => {
  const service = await startWithAdmin(t, { ACCESS_TOKEN_SECONDS: '300' })
  const home = await homeFor(t)
  const gatehouse = runner({ GATEHOUSE_HOME: home, PASSWORD: password })
  await gatehouse('login', '--url', service.url, '--email', service.admin.email)
  const saved = async () => JSON.parse(await readFile(join(home, 'login.json'), 'utf8')) as Record<string, string>
  const before = await saved()
  // Removing rights supersedes the access token, so the next call renews it.
  await service.database.prisma.$executeRaw`UPDATE accounts SET epoch = epoch + 1 WHERE id = ${service.admin.id}::uuid`
  t.match(await gatehouse('whoami'), { code: 0 })
  t.not((await saved())['refreshToken'], before['refreshToken'])
  await service.database.prisma.$executeRaw`UPDATE sessions SET ended_at = now(), ended_as = 'revoked'`
  t.match(await gatehouse('whoami'), { code: 3, stderr: /session-ended/ })
  await t.rejects(saved())
})

t.test('cli: a command that needs a recent log-in asks for the password; a mistake keeps the session', async t => {
  const service = await startWithAdmin(t)
  const home = await homeFor(t)
  const environment = { GATEHOUSE_HOME: home, PASSWORD: password }
  const gatehouse = runner(environment)
  await gatehouse('login', '--url', service.url, '--email', service.admin.email)
  const saved = async () => JSON.parse(await readFile(join(home, 'login.json'), 'utf8')) as Record<string, string>
  const first = await saved()
  await service.ageSession(claimsOf(first['accessToken'] ?? '').sid, 3600)
  // The next call renews, and the renewed token has the old log-in.
  await service.database.prisma.$executeRaw`UPDATE accounts SET epoch = epoch + 1 WHERE id = ${service.admin.id}::uuid`
  const create = ['clients', 'create', '--id', 'robot', '--scope', 'users:read']
  const wrong = runner({ ...environment, CURRENT_PASSWORD: 'a wrong password' })
  t.match(await wrong(...create), { code: 1, stderr: /password-wrong/ })
  t.match(await gatehouse('whoami'), { code: 0 })
  t.not((await saved())['idempotencyKey'], first['idempotencyKey'], 'each renewal has a key of its own')
  const right = runner({ ...environment, CURRENT_PASSWORD: password })
  t.match(await right(...create), { code: 0, stdout: /ghc_/ })
  t.match(await gatehouse('clients', 'rotate', 'robot'), { code: 0 }, 'the confirmed token is saved')
})

t.test('completion: bash completes commands, and the options of a command', async t => {
  const gatehouse = runner({})
  const file = join(t.testdir(), 'completion')
  await writeFile(file, (await gatehouse('completion')).stdout)
  const complete = async (...words: string[]) => {
    const list = words.map(word => `'${word}'`).join(' ')
    const script = `source ${file}; COMP_WORDS=(gatehouse ${list}); COMP_CWORD=${words.length}; _gatehouse; echo "\${COMPREPLY[*]}"`
    return (await promisify(execFile)('bash', ['-c', script])).stdout.trim().split(' ')
  }
  t.match(await complete('use'), ['users'])
  t.match(await complete('users', 'di'), ['disable'])
  t.match(await complete('users', 'disable', '--re'), ['--reason'])
  t.match(await complete('sessions', 'end-all', '--dry'), [''])
})

t.test('cli: distinguishes usage errors from an unreachable service by the exit code', async t => {
  const home = await homeFor(t)
  const gatehouse = runner({ GATEHOUSE_HOME: home, PASSWORD: password })
  t.match(await gatehouse(), { code: 2, stdout: /Exit codes/ })
  t.match(await gatehouse('help'), { code: 0, stdout: /users +manage accounts/ })
  t.match(await gatehouse('help', 'users'), { code: 0, stdout: /set-rights \[options\] <user>/ })
  t.match(await gatehouse('users', 'dance'), { code: 2, stderr: /unknown command 'dance'/ })
  t.match(await gatehouse('users', 'list', '--nonsense'), { code: 2, stderr: /nonsense/ })
  t.match(await gatehouse('login', '--email', 'a@b'), { code: 2, stderr: /--url is missing/ })
  const silent = runner({ GATEHOUSE_HOME: home, PASSWORD: '' })
  t.match(await silent('login', '--url', 'http://127.0.0.1:9', '--email', 'a@b.c'), { code: 2, stderr: /is empty/ })
  const away = await gatehouse('login', '--url', 'http://127.0.0.1:9', '--email', 'a@b.c')
  t.match(away, { code: 5, stderr: /cannot be reached/ })
})

/** A preload that writes the URL of each loaded module to the file that LOADED names. */
const hooks = script(`import { appendFileSync } from 'node:fs'
export async function load(url, context, next) {
  appendFileSync(process.env.LOADED, url + '\\n')
  return next(url, context)
}`)
const notesWhatIsLoaded = script(`import { register } from 'node:module'; register(${JSON.stringify(hooks)})`)

function script(text: string): string {
  return `data:text/javascript,${encodeURIComponent(text)}`
}

t.test('cli: a command of the API loads no database module', async t => {
  const list = join(t.testdir(), 'loaded')
  const gatehouse = runner({ NODE_OPTIONS: `--import=${notesWhatIsLoaded}`, LOADED: list }, modules)
  const loaded = async (...words: string[]) => {
    await rm(list, { force: true })
    await gatehouse(...words)
    const urls = (await readFile(list, 'utf8')).split('\n')
    t.match(urls.join(), '/auth/dist/src/cli/', 'what is loaded is noted')
    return urls.filter(url => url.includes('/auth/dist/src/store/') || url.includes('/@prisma/'))
  }
  t.strictSame(await loaded('help'), [])
  t.strictSame(await loaded('users', 'list'), [])
  t.not((await loaded('migrate')).length, 0, 'which a command that needs it would show')
})

t.test('cli: database commands migrate and create, and the doctor reports problems', async t => {
  const { url } = await freshDatabase(t.teardown)
  const environment = environmentFor(url)
  const gatehouse = runner(environment)
  t.strictSame(JSON.parse((await gatehouse('migrate')).stdout), { applied: [] })

  const ill = await gatehouse('doctor')
  t.match(ill, { code: 1, stdout: /WRONG +admins +no active account/ })
  const printed = async (words: string) => JSON.parse((await gatehouse(...words.split(' '))).stdout)
  const createAdmin = 'create-admin --email boss@example.org'
  t.match(await printed(createAdmin), { created: true, email: 'boss@example.org', password: String })
  t.match(await printed(createAdmin), { created: false })
  t.match(await printed('create-account --email ada@example.org --role auditor'), { created: true })
  const createClient = 'create-client --id warehouse --scope guard'
  t.match(await printed(createClient), { id: 'warehouse', secret: /^ghc_/ })
  const secretHash = async () => (await onServer(url, 'SELECT secret_hash FROM service_clients')).rows[0]
  const before = await secretHash()
  t.match(await printed(createClient), { created: false })
  t.strictSame(await secretHash(), before, 'a secret that was rotated in the meantime stays')
  const others = `previous_secret_hash = secret_hash, previous_secret_ends_at = now() + interval '1 hour', jwks = '{}'`
  await onServer(url, `UPDATE service_clients SET ${others}`)
  await printed(`${createClient} --replace-secret`)
  t.notSame(await secretHash(), before)
  const replaced = 'SELECT FROM service_clients WHERE previous_secret_hash IS NULL AND jwks IS NULL'
  t.equal((await onServer(url, replaced)).rowCount, 1, 'neither the secret before nor a key is accepted any more')
  t.match(await gatehouse('create-client', '--id', 'first-party', '--scope', 'guard'), { code: 2 })
  const weak = await runner({ ...environment, PASSWORD: 'password' })('create-account', '--email', 'x@example.org')
  t.match(weak, { code: 2, stderr: /PASSWORD/ })
  const create = (settings: Record<string, string>, email: string) =>
    runner({ ...environment, ...settings })('create-account', '--email', email)
  const [short, long] = ['kJ8#vQ2!pW', { PASSWORD_MIN_LENGTH: '64' }]
  t.match(await create({ PASSWORD: short }, 's@example.org'), { code: 2, stderr: /at least 15 characters/ })
  t.match(await create({ PASSWORD: short, PASSWORD_MIN_LENGTH: '8' }, 's@example.org'), { code: 0 })
  const host = { ISSUER: 'https://login.harbourside.example', PASSWORD: 'harbourside2026' }
  t.match(await create(host, 'h@example.org'), { code: 2, stderr: /too easy to guess/ })
  const { password: generated } = JSON.parse((await create(long, 'l@example.org')).stdout)
  t.ok(generated.length >= 64, 'a generated password obeys the minimum')

  const well = await gatehouse('doctor', '--json')
  t.equal(well.code, 0)
  const checks = ['configuration', 'signing key', 'refresh cookie', 'refresh keys', 'replica keys', 'database', 'clock']
  const all = [...checks, 'migrations', 'admins', 'guards'].map(check => ({ check, isOk: true }))
  t.match(JSON.parse(well.stdout), all)
  const wrong: [variable: string, value: string, finding: RegExp][] = [
    ['LEASE_MS', '300', /WRONG +configuration +LEASE_MS/],
    ['ISSUER', 'https://x.example/auth', /WRONG +refresh cookie +COOKIE_PATH is .* Set COOKIE_PATH=\/auth\/session/],
    ['DATABASE_URL', 'postgresql://gatehouse@127.0.0.1:9/none', /WRONG +database +cannot be reached/],
  ]
  for (const [name, value, stdout] of wrong)
    t.match(await runner({ ...environment, [name]: value })('doctor'), { code: 1, stdout })
  t.match(await runner({})('migrate'), { code: 2, stderr: /DATABASE_URL is not set/ })
  t.notMatch(JSON.stringify([ill, well]), environment['SIGNING_KEY']?.split('\n')[1], 'no key is shown')
})
