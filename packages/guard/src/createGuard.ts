/** A guard that verifies with @fastify/jwt and counts with prom-client. */
import * as core from '@gatehouse/guard-core'
import { prometheusMetrics } from '@gatehouse/guard-core/prometheus'
import type { Registry } from 'prom-client'
import { fastifyJwtCheck } from './fastifyJwt.ts'

/** The options of a guard. */
export interface GuardOptions extends Omit<core.GuardOptions, 'metrics' | 'createSignatureCheck'> {
  /** The registry of prom-client for the guard's metrics. */
  metrics?: Registry
}

/** The options of a verifier. */
export type VerifierOptions = Omit<core.VerifierOptions, 'createSignatureCheck'>

/**
 * Creates a guard. The plugin creates one unless it is given one.
 * @param options issuer, audience, service client and limits
 * @throws TypeError naming the option that is missing or not valid
 * @example
 * const shared = createGuard({ issuer, audience: 'gatehouse', clientId: 'warehouse', clientSecret })
 * app.get('/readyz', async () => ({ ready: shared.state().hasLease }))
 * await app.register(guard, { guard: shared })
 */
export function createGuard({ metrics, ...options }: GuardOptions): core.Guard {
  return core.createGuard({
    ...options,
    createSignatureCheck: fastifyJwtCheck,
    ...(metrics && { metrics: prometheusMetrics(metrics) }),
  })
}

/** Creates a verifier, which knows nothing of revocations. */
export function createVerifier(options: VerifierOptions): core.Verifier {
  return core.createVerifier({ ...options, createSignatureCheck: fastifyJwtCheck })
}
