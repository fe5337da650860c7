/** Starts an asynchronous standby of a running server, which a test can let fall behind and promote. */
import { execFile } from 'node:child_process'
import { chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Postgres, startPostgres } from './postgres.ts'
import { preparePostgresHome } from './postgresHome.ts'
import { onServer } from './testDatabase.ts'
import { until } from './timeouts.ts'

export interface Standby extends Postgres {
  /** Resolves when the standby has replayed every commit that the upstream server has made until now. */
  untilCaughtUp: () => Promise<void>
  /** From now on the standby lacks what its upstream server commits. */
  stopReceiving: () => Promise<void>
  /** Resolves when it accepts writes. */
  promote: () => Promise<void>
}

export interface StandbyOptions {
  /** The server whose data directory is copied. */
  primary: Postgres
  /** The server that it streams from; the primary by default, or another standby. */
  upstream?: Postgres
  dataDir: string
}

export async function startStandby({ primary, upstream = primary, dataDir }: StandbyOptions): Promise<Standby> {
  const home = await preparePostgresHome(dataDir)
  const label = await copyCluster(primary, home.dataDir)
  const { password } = new URL(upstream.url)
  const files = {
    backup_label: label,
    'standby.signal': '',
    // Not a command-line flag, which ALTER SYSTEM could not change.
    'postgresql.auto.conf': `primary_conninfo = 'host=127.0.0.1 port=${upstream.port} user=postgres password=${password}'\n`,
  }
  for (const [name, content] of Object.entries(files)) {
    const file = join(home.dataDir, 'cluster', name)
    await writeFile(file, content, { mode: 0o600 })
    if (home.owner) await chown(file, home.owner.uid, home.owner.gid)
  }
  const server = await startPostgres({ dataDir, persistent: false })
  const query = async (sql: string, url = server.url): Promise<string> => (await onServer(url, sql)).rows[0]?.value
  const reached = (sql: string, wanted: string) => until(async () => (await query(sql)) === wanted, sql)
  return {
    ...server,
    untilCaughtUp: async () => {
      const value = await query(
        'SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS value',
        upstream.url,
      )
      await reached(`SELECT (pg_last_wal_replay_lsn() >= '${value}')::text AS value`, 'true')
    },
    stopReceiving: async () => {
      await query(`ALTER SYSTEM SET primary_conninfo = ''`)
      await query('SELECT pg_reload_conf()::text AS value')
      await reached('SELECT count(*)::text AS value FROM pg_stat_wal_receiver', '0')
    },
    promote: async () => {
      await query('SELECT pg_promote()::text AS value')
      await reached('SELECT pg_is_in_recovery()::text AS value', 'false')
    },
  }
}

/**
 * Copies the files of the running server as a base backup, since its package lacks `pg_basebackup`.
 * @returns the content of `backup_label`
 */
async function copyCluster(primary: Postgres, dataDir: string): Promise<string> {
  const client = new pg.Client({ connectionString: primary.url })
  await client.connect()
  try {
    await client.query(`SELECT pg_backup_start('standby', true)`)
    await mkdir(dataDir, { recursive: true })
    await promisify(execFile)('cp', ['-a', join(primary.dataDir, 'cluster'), dataDir])
    await rm(join(dataDir, 'cluster', 'postmaster.pid'))
    await promisify(execFile)('cp', ['-a', join(primary.dataDir, 'password'), dataDir])
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)')
    return rows[0]?.labelfile ?? ''
  } finally {
    await client.end()
  }
}
