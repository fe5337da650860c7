/** Further replicas of the service, with the first one's database and keys. */
import type { AddressInfo } from 'node:net'
import { systemClock } from '@gatehouse/clock'
import { type Call, httpClient, recordResponses, until } from '@gatehouse/testkit'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { LogStream } from '../../src/http/serverOptions.ts'
import type { TestService } from './service.ts'

export interface Replica {
  url: string
  call: Call
  /** Closes before the test ends; may be called twice. */
  close: () => Promise<void>
}

/**
 * @param settings variables that differ from the first replica's
 * @param logStream receives its log lines, for tests that read them
 */
export async function startReplica(
  t: Test,
  { environment }: Pick<TestService, 'environment'>,
  settings: Record<string, string> = {},
  logStream?: LogStream,
): Promise<Replica> {
  const seen = recordResponses()
  const app = await buildApp(readConfig({ ...environment, ...settings }), systemClock, logStream)
  seen.stop()
  await app.listen({ host: '127.0.0.1', port: 0 })
  /** As the process does: a busy connection is closed once it is idle. */
  const close = async () => {
    const retiring = setInterval(() => app.server.closeIdleConnections(), 20)
    await app.close().finally(() => clearInterval(retiring))
  }
  t.teardown(async () => {
    await close()
    seen.assertDocumented(app)
  })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return { url, call: httpClient(url), close }
}

/** Waits for what a replica sends by itself after the start, so that statements can be counted. */
export async function untilStarted({ database }: Pick<TestService, 'database'>, { call }: Pick<Replica, 'call'>) {
  await until(async () => {
    const { rows } = await database.pool.query(
      `SELECT count(*)::int AS listening FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'
          AND application_name = 'gatehouse-listen' AND query NOT LIKE 'LISTEN gatehouse_feed' AND query NOT LIKE 'LISTEN gatehouse_acks'`,
    )
    return rows[0].listening >= 2
  }, 'the service and the replica listen')
  // A round trip later, the replica has read what it reads when it begins to listen.
  await call('/readyz')
}
