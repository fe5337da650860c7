/** Break-glass and bulk revocations with millions of sessions: what an admin waits for in an emergency. */
import { systemClock } from '@gatehouse/clock'
import type { Service } from '@gatehouse/e2e'
import { type BenchRun, inRounds } from '../benchRun.ts'
import { type Environment, openEnvironment } from '../environment.ts'
import { figure, type Result } from '../result.ts'
import { uuidOf } from '../seedSessions.ts'

const accounts = 100_000
const rowsPerStatement = 500_000

/** Without constraints and indexes, which are then built from sorted rows: a fifth of the time. */
const beforeLoad = [
  'ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_session_id_fkey',
  'ALTER TABLE sessions DROP CONSTRAINT sessions_pkey, DROP CONSTRAINT sessions_account_id_fkey',
]
const afterLoad = [
  `SET maintenance_work_mem = '1GB'`,
  'ALTER TABLE sessions ADD CONSTRAINT sessions_pkey PRIMARY KEY (id)',
  'ALTER TABLE sessions ADD CONSTRAINT sessions_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts ON DELETE CASCADE NOT VALID',
  'ALTER TABLE refresh_tokens ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions ON DELETE CASCADE',
]
const insertAccounts = `
  INSERT INTO accounts (id, email, email_key, password_hash, roles, scopes)
  SELECT md5('account' || n)::uuid, n || '@example.org', n || '@example.org', 'none', '{user}', '{}'
    FROM generate_series(1, ${accounts}) AS n`
/** Ten sessions from each address; created in the last 30 days. */
const insertSessions = `
  INSERT INTO sessions (id, account_id, client_id, device, address, remember, global_epoch, created_at, expires_at)
  SELECT md5('session' || n)::uuid, md5('account' || 1 + n % ${accounts})::uuid, 'first-party', 'device ' || n % 1000,
         '10.0.0.0'::inet + n / 10, true, clock.global_epoch, now() - n % 30 * interval '1 day', now() + interval '60 days'
    FROM generate_series($1::int, $2::int) AS n, revocation_clock AS clock`

/** Uses its own environment. With `--full`, ten million sessions; with `--quick`, a hundred thousand. */
export async function bulkRevocations(benchRun: BenchRun): Promise<Result[]> {
  const { isQuick, isFull } = benchRun
  const total = isFull ? 10_000_000 : isQuick ? 100_000 : 1_000_000
  const environment = await openEnvironment({ env: { ADMIN_CALLS: '1000000', HOUSEKEEPING_SECONDS: '86400' } })
  try {
    await fill(environment, { total, log: benchRun.log })
    const auth = await environment.auth()
    const admin = await environment.system.createAccount('admin@bench.example', { roles: ['admin'] })
    const logIn = async () => (await environment.system.login(admin, auth)).accessToken
    return await measure(benchRun, auth, { total, logIn })
  } finally {
    await environment.close()
  }
}

async function fill({ query }: Environment, { total, log }: { total: number; log: BenchRun['log'] }): Promise<void> {
  const indexes = await query<{ name: string; definition: string }>(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE tablename = 'sessions' AND indexname <> 'sessions_pkey'`,
  )
  await query(insertAccounts)
  for (const text of [...beforeLoad, ...indexes.map(({ name }) => `DROP INDEX ${name}`)]) await query(text)
  for (let from = 1; from <= total; from += rowsPerStatement) {
    log(`${(from - 1).toLocaleString('en')} sessions`)
    await query(insertSessions, [from, Math.min(total, from + rowsPerStatement - 1)])
  }
  for (const text of [...afterLoad, ...indexes.map(({ definition }) => definition)]) {
    log(text)
    await query(text)
  }
  await query('VACUUM ANALYZE sessions')
  await query('CHECKPOINT')
}

interface Measured {
  total: number
  logIn: () => Promise<string>
}

/** Previews first: the break-glass ends every session, also that of the admin. */
async function measure(benchRun: BenchRun, { call }: Service, { total, logIn }: Measured): Promise<Result[]> {
  const token = await logIn()
  const timed = async (path: string, body: object, as: string) => {
    const startMs = systemClock.nowMs()
    const { status, body: answer } = await call(path, { token: as, body })
    if (status !== 200) throw new Error(`${path}: ${JSON.stringify(answer)}`)
    return systemClock.nowMs() - startMs
  }
  const size = `${total.toLocaleString('en')} sessions`
  const previews: Record<string, object> = {
    user: { accounts: [uuidOf('account7')] },
    network: { network: '10.0.7.0/24' },
    createdBefore: { createdBefore: new Date(systemClock.wallMs() - 15 * 86_400_000).toISOString() },
    device: { device: 'device 77' },
  }
  const results: Result[] = []
  for (const [name, criteria] of Object.entries(previews)) {
    benchRun.log(`preview by ${name}`)
    const rounds = await inRounds(benchRun.rounds, () =>
      timed('/admin/sessions/end', { criteria, dryRun: true }, token),
    )
    const what = `preview of a bulk end by ${name}, ${size}`
    results.push(figure({ name: `preview-${name.toLowerCase()}`, what, unit: 'ms', aim: 'under 1,000' }, rounds))
  }
  const ended = await timed('/admin/sessions/end', { criteria: previews['network'] }, token)
  results.push(
    figure({ name: 'bulk-end-network', what: `bulk end of a network of 2,560 sessions, ${size}`, unit: 'ms' }, [ended]),
  )
  const breakGlass = await inRounds(benchRun.rounds, async () =>
    timed('/admin/sessions/end-all', { confirm: 'end every session' }, await logIn()),
  )
  const what = `break-glass in force, ${size}`
  return [...results, figure({ name: 'break-glass', what, unit: 'ms', aim: 'under 100' }, breakGlass)]
}
