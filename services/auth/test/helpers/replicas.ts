/** Further replicas of the service on the database and with the keys of the first. */
import type { AddressInfo } from 'node:net'
import { systemClock } from '@gatehouse/clock'
import { type Call, httpClient } from '@gatehouse/testkit'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { LogStream } from '../../src/http/serverOptions.ts'
import type { Stage } from './service.ts'

export interface Replica {
  url: string
  call: Call
  /** Closes before the test ends; closing twice does no harm. */
  close: () => Promise<void>
}

/**
 * @param settings variables in which it differs from the first
 * @param logTo where its log goes, for tests that read it
 */
export async function replica(
  t: Test,
  { environment }: Pick<Stage, 'environment'>,
  settings: Record<string, string> = {},
  logTo?: LogStream,
): Promise<Replica> {
  const app = await buildApp(readConfig({ ...environment, ...settings }), systemClock, logTo)
  await app.listen({ host: '127.0.0.1', port: 0 })
  /** As the process does it: a connection that was busy is closed once it idles. */
  const close = async () => {
    const retiring = setInterval(() => app.server.closeIdleConnections(), 20)
    await app.close().finally(() => clearInterval(retiring))
  }
  t.teardown(close)
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return { url, call: httpClient(url), close }
}
