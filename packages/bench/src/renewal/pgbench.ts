/** pgbench running the renewal's own statement: what PostgreSQL does in this place with nobody between. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { renewalStatement } from '../authModules.ts'
import type { Place } from '../environment.ts'

/** Debian's postgresql-contrib (15) puts it there; elsewhere it is on the path. */
const places = ['/usr/lib/postgresql/18/bin/pgbench', '/usr/lib/postgresql/15/bin/pgbench', '/usr/bin/pgbench']

export interface PgbenchRun {
  clients: number
  durationMs: number
}

const sessionsOfClient = 500

/** What each parameter of the statement is in pgbench's words: sessions in turn, every token of one known secret. */
const parameters: Readonly<Record<string, string>> = {
  sessionId: `md5('session' || :session)`,
  generation: ':generation',
  presentedHash: ':hash',
  successorHash: ':hash',
  idempotencyKeyHash: 'NULL',
  idle: '2592000',
  shortIdle: '7200',
}

/** @returns transactions a second; undefined when pgbench is not installed */
export async function pgbench(place: Place, { clients, durationMs }: PgbenchRun): Promise<number | undefined> {
  const program = places.find(existsSync)
  if (program === undefined) return undefined
  const { from, to } = await place.grow(clients * sessionsOfClient)
  const sessions = `session_id IN (SELECT md5('session' || n)::uuid FROM generate_series(${from}, ${to - 1}) AS n)`
  const hash = `\\x${'5e'.repeat(32)}`
  await place.query(`UPDATE refresh_tokens SET current_hash = '${hash}' WHERE ${sessions}`)
  await place.query('VACUUM ANALYZE refresh_tokens')

  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-pgbench-'))
  try {
    const script = join(dir, 'renew.sql')
    await writeFile(script, await scriptFrom(from))
    const seconds = Math.max(1, Math.round(durationMs / 1000))
    const options = ['-n', '-M', 'prepared', '-c', clients, '-j', 1, '-T', seconds, '-D', `hash=${hash}`, '-D', 'i=-1']
    const { stdout } = await promisify(execFile)(program, [
      ...options.map(String),
      '-f',
      script,
      place.system.databaseUrl,
    ])
    const done = Number(/number of transactions actually processed: (\d+)/.exec(stdout)?.[1])
    await mustHaveRenewed(place, { sessions, done })
    return Number(/tps = ([\d.]+)/.exec(stdout)?.[1])
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function scriptFrom(first: number): Promise<string> {
  const statement = await renewalStatement()
  const text = statement.text.replace(/\$(\d+)/g, (_all, number) => {
    const name = statement.parameters[Number(number) - 1] ?? ''
    const written = parameters[name]
    if (written === undefined) throw new Error(`the statement has a parameter ${name}, which pgbench is not told`)
    return written
  })
  return [
    '\\set i :i + 1',
    `\\set session ${first} + :client_id * ${sessionsOfClient} + :i % ${sessionsOfClient}`,
    `\\set generation :i / ${sessionsOfClient}`,
    `${text.trim()};`,
  ].join('\n')
}

/** A statement that matches no row is a fast one. */
async function mustHaveRenewed(place: Place, { sessions, done }: { sessions: string; done: number }): Promise<void> {
  const [row] = await place.query<{ renewed: string }>(
    `SELECT sum(generation)::text AS renewed FROM refresh_tokens WHERE ${sessions}`,
  )
  if (Number(row?.renewed) < done) throw new Error(`pgbench claims ${done} renewals, and there were ${row?.renewed}`)
}
