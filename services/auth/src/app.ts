/** The auth service: its table of contents, in the order in which a session lives. */
import type { Clock } from '@gatehouse/clock'
import { requestMetrics } from '@gatehouse/http'
import { Registry } from 'prom-client'
import { accountRoutes } from './accounts/route.ts'
import { adminRoutes } from './admin/route.ts'
import { type Config, lifetimesOf, sweepRulesOf } from './config.ts'
import { openDatabase } from './database/database.ts'
import { assertMigrated } from './database/migrate.ts'
import { feedRoutes } from './feed/route.ts'
import { startHousekeeping } from './housekeeping/housekeeping.ts'
import { authenticatePerson } from './http/authenticate.ts'
import { unavailable } from './http/databaseErrors.ts'
import { discoveryRoutes } from './http/discovery.ts'
import { docsPage } from './http/docs.ts'
import { healthRoutes } from './http/health.ts'
import { metricsRoute } from './http/metrics.ts'
import { createServer } from './http/server.ts'
import type { LogStream } from './http/serverOptions.ts'
import { readKeys } from './keys/keyring.ts'
import { loginRoutes } from './login/route.ts'
import { oauthRoutes } from './oauth/route.ts'
import { createPasswords } from './passwords/passwords.ts'
import { renewalPriority } from './passwords/renewalPriority.ts'
import { createRateLimits } from './rateLimits/rateLimits.ts'
import { createRevocationPipeline } from './revocationPipeline.ts'
import { sessionRoutes } from './revoke/route.ts'
import { rotateRoutes } from './rotate/route.ts'
import { createLoginBatch } from './store/loginBatch.ts'
import { createRotationBatch } from './store/rotationBatch.ts'
import { createAccessTokens } from './tokens/accessTokens.ts'
import { refreshCookie } from './tokens/refreshCookie.ts'

export const version = '0.1.0'

/**
 * Builds the service; it holds no state that a second replica would lack.
 * @param config what `readConfig` returned
 * @param clock the process's clock
 * @param logTo where the log goes; standard output unless given
 */
export async function buildApp(config: Config, clock: Clock, logTo?: LogStream) {
  const around = { problemBase: `${config.ISSUER}/problems`, realm: 'gatehouse', translate: unavailable }
  const docs = { issuer: config.ISSUER, version, hasPage: config.DOCS }
  const requests = requestMetrics(clock)
  const app = await createServer(config, { around, docs, requests, logTo })
  const onError = (error: unknown) => app.log.warn({ err: error }, 'the database is in trouble')
  const metrics = new Registry()

  const { signingKeys, refreshKeys, verifier, verifierIgnoringExpiry } = readKeys(config, clock)
  const database = openDatabase({
    url: config.DATABASE_URL,
    connections: config.DATABASE_POOL,
    timeoutMs: config.DATABASE_TIMEOUT_MS,
    onError,
  })
  const { prisma: db, rawSql, pool } = database
  const logins = createLoginBatch(rawSql, clock)
  const limits = createRateLimits(config, { database, logins, clock })
  const { revocations, barrierDeps, polls, close } = createRevocationPipeline(config, {
    database,
    clock,
    metrics,
    onError,
  })

  const lifetimes = lifetimesOf(config)
  const way = renewalPriority(clock)
  const { PASSWORD_THREADS: threads, PASSWORD_QUEUE: queue } = config
  const passwords = createPasswords({ threads, queue, rightOfWay: way })
  const cookie = refreshCookie({ name: config.COOKIE_NAME, path: config.COOKIE_PATH })
  const accessTokens = createAccessTokens({
    keys: signingKeys,
    issuer: config.ISSUER,
    audience: config.AUDIENCE,
    lifetimeSeconds: config.ACCESS_TOKEN_SECONDS,
  })
  const sending = { accessTokens, cookie }
  const acting = { db, passwords, revocations, barrierDeps }
  const rotateRow = createRotationBatch(rawSql, lifetimes, clock)
  const retryWindowMs = config.RETRY_WINDOW_MS
  const rotating = { db, rotateRow, refreshKeys, rightOfWay: way, revocations, retryWindowMs, limits: limits.renewals }

  // log in -> rotate -> (guards verify) -> revoke
  const beginning = { db, store: logins, passwords, limits: limits.passwords, refreshKeys, lifetimes }
  await app.register(loginRoutes, { ...beginning, sending })
  await app.register(rotateRoutes, {
    ...rotating,
    ...barrierDeps,
    cookie,
    verifierIgnoringExpiry,
    allowedOrigins: config.ALLOWED_ORIGINS,
    sending,
  })
  await app.register(async known => {
    known.addHook('onRequest', authenticatePerson({ db: rawSql, verifier }))
    await known.register(sessionRoutes, { ...acting, rawSql })
    await known.register(accountRoutes, { ...acting, limits: limits.passwords })
  })
  await app.register(adminRoutes, { ...acting, verifier, mayCall: limits.adminCalls, prefix: '/admin' })
  const { clients } = limits
  await app.register(oauthRoutes, { ...rotating, clients, accessTokens, verifier, barrierDeps, errors: around })
  await app.register(feedRoutes, { db, clients, polls })

  await app.register(discoveryRoutes, { issuer: config.ISSUER, keys: signingKeys })
  await app.register(healthRoutes, { mustBeReady: () => assertMigrated(pool) })
  await app.register(metricsRoute, { metrics, requests, db })
  await docsPage(app, docs)

  const [rules, periodMs] = [sweepRulesOf(config), config.HOUSEKEEPING_SECONDS * 1000]
  const house = startHousekeeping({ prisma: db, clock, metrics, rules, periodMs, onError })
  app.addHook('onListen', passwords.warmUp)
  app.addHook('onListen', database.warmUp)
  app.addHook('preClose', async () => polls.close())
  app.addHook('onClose', async () => {
    await house.close()
    await passwords.close()
    await close()
    await database.close()
  })
  return app
}
