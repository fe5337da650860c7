/** `GET /livez` and `GET /readyz`: whether the process is alive, and whether it can serve requests. */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyPluginAsync } from 'fastify'
import { quietLogLevel } from './logLevel.ts'

export interface HealthOptions {
  /** Throws when the database is unreachable or migrations are missing. */
  assertReady: () => Promise<void>
  /** Returns this host's wall clock minus PostgreSQL's, in milliseconds. */
  clockOffsetMs: () => number
}

/** Internal: the gateway does not forward these routes. */
export const healthRoutes: FastifyPluginAsync<HealthOptions> = async (app, { assertReady, clockOffsetMs }) => {
  const quietly = { schema: { hide: true }, logLevel: quietLogLevel(app) }
  app.get('/livez', quietly, async () => ({ status: 'alive' }))
  app.get('/readyz', quietly, async request => {
    await assertReady().catch(error => {
      // The cause is logged for the operator and not sent to the client.
      request.log.warn({ err: error }, 'not ready')
      if (error instanceof ProblemError) throw error
      throw new ProblemError('unavailable', 'not ready', { cause: error })
    })
    return { status: 'ready', clockOffsetMs: clockOffsetMs() }
  })
}
