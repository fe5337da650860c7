/** Runs the renewal's own statement in pgbench: the rate of PostgreSQL without the service. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { renewalStatement } from '../authModules.ts'
import type { Environment } from '../environment.ts'

/** Where Debian's packages postgresql-contrib and postgresql-18 install it. */
const paths = ['/usr/lib/postgresql/18/bin/pgbench', '/usr/lib/postgresql/15/bin/pgbench', '/usr/bin/pgbench']

export interface PgbenchRun {
  clients: number
  durationMs: number
}

const sessionsPerClient = 500

/** The parameters of the statement as pgbench sends them: sessions in turn, and one secret. */
const parameters: Readonly<Record<string, string>> = {
  sessionId: `md5('session' || :session)`,
  generation: ':generation',
  presentedHash: ':hash',
  successorHash: ':hash',
  idempotencyKeyHash: 'NULL',
  address: "'127.0.0.1'",
  userAgent: "'pgbench'",
  clientId: "'first-party'",
  idle: '2592000',
  shortIdle: '7200',
}

/**
 * @returns transactions a second; undefined when pgbench is not installed
 * @throws {Error} when fewer sessions were renewed than pgbench reports
 */
export async function pgbench(
  environment: Environment,
  { clients, durationMs }: PgbenchRun,
): Promise<number | undefined> {
  const program = paths.find(existsSync)
  if (program === undefined) return undefined
  const { from, to } = await environment.seed(clients * sessionsPerClient)
  const sessions = `session_id IN (SELECT md5('session' || n)::uuid FROM generate_series(${from}, ${to - 1}) AS n)`
  const hash = `\\x${'5e'.repeat(32)}`
  await environment.query(`UPDATE refresh_tokens SET current_hash = '${hash}' WHERE ${sessions}`)
  await environment.query('VACUUM ANALYZE refresh_tokens')

  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-pgbench-'))
  try {
    const script = join(dir, 'renew.sql')
    await writeFile(script, await scriptFrom(from))
    const seconds = Math.max(1, Math.round(durationMs / 1000))
    const options = ['-n', '-M', 'prepared', '-c', clients, '-j', 1, '-T', seconds, '-D', `hash=${hash}`, '-D', 'i=-1']
    const args = [...options.map(String), '-f', script, environment.system.databaseUrl]
    const { stdout } = await promisify(execFile)(program, args)
    const reported = Number(/number of transactions actually processed: (\d+)/.exec(stdout)?.[1])
    await assertRenewed(environment, { sessions, reported })
    return Number(/tps = ([\d.]+)/.exec(stdout)?.[1])
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function scriptFrom(first: number): Promise<string> {
  const statement = await renewalStatement()
  const text = statement.text.replace(/\$(\d+)/g, (_all, number) => {
    const name = statement.parameters[Number(number) - 1] ?? ''
    const expression = parameters[name]
    if (expression === undefined) throw new Error(`pgbench has no value for the parameter ${name} of the statement`)
    return expression
  })
  return [
    '\\set i :i + 1',
    `\\set session ${first} + :client_id * ${sessionsPerClient} + :i % ${sessionsPerClient}`,
    `\\set generation :i / ${sessionsPerClient}`,
    `${text.trim()};`,
  ].join('\n')
}

interface Renewed {
  sessions: string
  reported: number
}

/** A statement that matches no row would be counted too, and is faster. */
async function assertRenewed(environment: Environment, { sessions, reported }: Renewed): Promise<void> {
  const [row] = await environment.query<{ renewed: string }>(
    `SELECT sum(generation)::text AS renewed FROM refresh_tokens WHERE ${sessions}`,
  )
  if (Number(row?.renewed) < reported)
    throw new Error(`pgbench reports ${reported} renewals, and the table shows ${row?.renewed}`)
}
