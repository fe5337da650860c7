/** Whether the process lives, and whether it can serve. */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyPluginAsync } from 'fastify'
import { quietLogLevel } from './logLevel.ts'

export interface HealthOptions {
  /** Throws when the service cannot answer: the database is away, or migrations are missing. */
  assertReady: () => Promise<void>
}

/** Not for the outside: the gateway does not pass them on. */
export const healthRoutes: FastifyPluginAsync<HealthOptions> = async (app, { assertReady }) => {
  const quietly = { schema: { hide: true }, logLevel: quietLogLevel(app) }
  app.get('/livez', quietly, async () => ({ status: 'alive' }))
  app.get('/readyz', quietly, async request => {
    await assertReady().catch(error => {
      // The answer says only that; which migrations are missing, or why the database is away, is for whoever runs it.
      request.log.warn({ err: error }, 'not ready')
      if (error instanceof ProblemError) throw error
      throw new ProblemError('unavailable', 'not ready', { cause: error })
    })
    return { status: 'ready' }
  })
}
