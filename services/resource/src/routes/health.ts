/** Routes for operators: liveness, readiness and metrics. The gateway must not expose them. */
import { ProblemError } from '@gatehouse/contract'
import type { GuardState } from '@gatehouse/guard'
import type { RequestMetrics } from '@gatehouse/http'
import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'

export async function healthRoutes(
  app: FastifyInstance,
  options: { state: () => GuardState; metrics: Registry; requests: RequestMetrics },
): Promise<void> {
  const { state, metrics, requests } = options
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get('/livez', async () => ({ status: 'alive' }))
  app.get('/readyz', async () => {
    const { hasKeys, hasLease, clockOffsetMs } = state()
    if (!hasKeys) throw new ProblemError('unavailable', 'no public keys yet')
    if (!hasLease) throw new ProblemError('revocation-unknown', 'no lease')
    return { status: 'ready', clockOffsetMs }
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send((await metrics.metrics()) + requests.text()),
  )
}
