/** The PostgreSQL server of the benchmark: durable, as in production. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@gatehouse/testkit'

const settings = {
  fsync: 'on',
  full_page_writes: 'on',
  // A quarter of the memory, as PostgreSQL's documentation recommends.
  shared_buffers: `${Math.floor(totalmem() / 4 / 2 ** 20)}MB`,
  max_wal_size: '4GB',
  autovacuum_naptime: '1min',
  shared_preload_libraries: 'pg_stat_statements',
}

export interface Server {
  url: string
  stop: () => Promise<void>
}

/** @param options.hugePages whether the server uses them where the machine has reserved some */
export async function startServer({ hugePages }: { hugePages: boolean }): Promise<Server> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  // Not persistent: the data is deleted when the server stops.
  return startPostgres({ dataDir, persistent: false, settings: { ...settings, huge_pages: hugePages ? 'try' : 'off' } })
}
