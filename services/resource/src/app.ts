/** The resource service: its plugins and routes, in the order in which a request passes them. */
import type { Clock } from '@gatehouse/clock'
import { createGuard, type Guard, type GuardOptions, guard } from '@gatehouse/guard'
import { fastifyJwtCheck } from '@gatehouse/guard/fastify-jwt'
import {
  addHeaders,
  crossOrigin,
  fastifyDefaults,
  problemDetails,
  requestMetrics,
  securityHeaders,
  strictRequests,
} from '@gatehouse/http'
import fastify, { type FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import type { Config } from './config.ts'
import { verifyPathOf, verifyRoutes } from './forwardAuth/verify.ts'
import { openApi } from './openApi.ts'
import { healthRoutes } from './routes/health.ts'
import { meRoutes } from './routes/me.ts'
import { metadataRoutes, metadataUrlOf } from './routes/metadata.ts'
import { storageRoutes } from './routes/storage.ts'

export interface AppOptions {
  config: Config
  version: string
  clock: Clock
  /** How long `listen` waits for the first lease of the guard, in milliseconds. */
  timeoutMs?: number
  /** Options of the guard that a test replaces. */
  guardOptions?: Partial<GuardOptions>
}

export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { config, version, clock, timeoutMs = 0, guardOptions = {} } = options
  const { ISSUER: issuer, AUDIENCE: audience, TRUST_PROXY, LOG_LEVEL: logLevel } = config
  const { RESOURCE_URL: resource } = config
  const resourceMetadata = resource === null ? undefined : metadataUrlOf(resource)
  const problemOptions = { problemBase: `${issuer}/problems`, realm: audience, resourceMetadata }
  const errorHeaders = securityHeaders
  const defaults = fastifyDefaults({ ...problemOptions, trustProxy: TRUST_PROXY ?? undefined, logLevel, errorHeaders })
  const app = fastify({ ...defaults, rewriteUrl: verifyPathOf })

  const metrics = new Registry()
  const resourceGuard = createGuard({
    issuer,
    audience,
    clientId: config.CLIENT_ID,
    clientSecret: config.CLIENT_SECRET,
    name: config.GUARD_NAME,
    clockToleranceMs: config.CLOCK_TOLERANCE_MS,
    version,
    clock,
    metrics,
    log: app.log,
    createSignatureCheck: fastifyJwtCheck,
    ...(config.AUTH_URLS.length > 0 ? { authUrls: config.AUTH_URLS } : {}),
    ...(config.PUBLIC_KEY === null ? {} : { publicKey: config.PUBLIC_KEY }),
    ...(config.JWKS_URL === null ? {} : { jwksUrl: config.JWKS_URL }),
    ...guardOptions,
  })

  addHeaders(app, securityHeaders)
  const requests = requestMetrics(clock)
  await app.register(requests.plugin)
  await app.register(crossOrigin, { origins: config.ALLOWED_ORIGINS, credentials: 'omit' })
  await app.register(problemDetails, { ...problemOptions, errors: 'all' })
  await app.register(strictRequests)
  await app.register(healthRoutes, { state: resourceGuard.state, metrics, requests })
  await openApi(app, { version, url: resource })
  if (resource !== null) await app.register(metadataRoutes, { resource, issuer })
  await app.register(async inside => {
    // Every route in this scope requires the access token of an active session.
    await inside.register(guard, { guard: resourceGuard })
    inside.addHook('onReady', () => readyWithin(resourceGuard, { clock, timeoutMs }))
    await inside.register(meRoutes)
    await inside.register(storageRoutes, { clock })
    const { EXT_AUTHZ_PORT: port, HOST: host, VERIFY_SCOPE: scope } = config
    if (port !== null) {
      // Loaded only where it is used: gRPC takes a part of the start.
      const { startExtAuthz } = await import('./forwardAuth/extAuthz.ts')
      const extAuthz = await startExtAuthz({ guard: resourceGuard, host, port, scope, log: app.log, ...problemOptions })
      inside.addHook('preClose', extAuthz.stop)
    }
    await inside.register(verifyRoutes, { scope, successStatus: Number(config.VERIFY_STATUS) })
  })
  return app
}

/** Waits for the first lease, at most the time-out; then answers are `revocation-unknown`. */
async function readyWithin(
  resourceGuard: Guard,
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): Promise<void> {
  if (timeoutMs === 0) return
  const waiting = new AbortController()
  const timeout = clock.sleep(timeoutMs, waiting.signal).catch(() => undefined)
  await Promise.race([resourceGuard.ready(), timeout])
  waiting.abort()
}
