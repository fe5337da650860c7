/** A PostgreSQL server of the harness's own, which it may kill. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@gatehouse/testkit'

export interface Database {
  url: string
  /** Kills the server and starts it again: it recovers from its write-ahead log. */
  crash(): Promise<void>
  stop(): Promise<void>
}

export async function startDatabase(): Promise<Database> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-lossy-'))
  const postgres = await startPostgres({ dataDir, persistent: false })
  return {
    url: postgres.url,
    async crash() {
      await postgres.kill()
      await postgres.restart()
    },
    async stop() {
      await postgres.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
