/** The auth service: its table of contents, in the order in which a session lives. */
import cookiePlugin from '@fastify/cookie'
import type { Clock } from '@gatehouse/clock'
import { createVerifier, refusals, staticKeys, strictRequests } from '@gatehouse/guard'
import Fastify from 'fastify'
import { Registry } from 'prom-client'
import { accountRoutes } from './accounts/route.ts'
import { callLimit } from './admin/callLimit.ts'
import { adminRoutes } from './admin/route.ts'
import { keepReceipts } from './audit/receipts.ts'
import type { Config } from './config.ts'
import { lifetimesOf, limitsOf, sweepRulesOf } from './config.ts'
import { createPolls } from './feed/polls.ts'
import { feedRoutes } from './feed/route.ts'
import { keepHouse } from './housekeeping/housekeeping.ts'
import { identify } from './http/caller.ts'
import { clientLimits } from './http/clientLimits.ts'
import { unavailable } from './http/databaseErrors.ts'
import { discoveryRoutes } from './http/discovery.ts'
import { docsPage, openApi } from './http/docs.ts'
import { failureLimits } from './http/failureLimits.ts'
import { healthRoutes } from './http/health.ts'
import { metricsRoute, revokeMetrics } from './http/metrics.ts'
import { type LogStream, serverOptions } from './http/serverOptions.ts'
import { accessTokens } from './keys/accessTokens.ts'
import { readRefreshKeys } from './keys/refreshKeys.ts'
import { readSigningKeys } from './keys/signingKeys.ts'
import { loginLimits } from './login/limits.ts'
import { createPasswords } from './login/passwords.ts'
import { loginRoutes } from './login/route.ts'
import { oauthRoutes } from './oauth/route.ts'
import { createBarrier } from './revoke/barrier.ts'
import { createRevocations } from './revoke/revoke.ts'
import { sessionRoutes } from './revoke/route.ts'
import { refreshCookie } from './rotate/cookie.ts'
import { rotateRoutes } from './rotate/route.ts'
import { rotateTogether } from './rotate/together.ts'
import { openDatabase } from './store/database.ts'
import { readLiveGuards } from './store/guards.ts'
import { listen } from './store/listen.ts'
import { mustBeMigrated } from './store/readiness.ts'

export const version = '0.1.0'
/** Longer than any access token lives, for log-out with one that has expired. */
const yearMs = 366 * 24 * 3600 * 1000

/**
 * Builds the service; it holds no state that a second replica would lack.
 * @param config what `readConfig` returned
 * @param clock the process's clock
 * @param logTo where the log goes; standard output unless given
 */
export async function buildApp(config: Config, clock: Clock, logTo?: LogStream) {
  const around = { problemBase: `${config.ISSUER}/problems`, realm: 'gatehouse', translate: unavailable }
  const app = Fastify(serverOptions(config, around, logTo))
  const warn = (error: unknown) => app.log.warn({ err: error }, 'the database is in trouble')
  const metrics = new Registry()

  const signingKeys = readSigningKeys(config.SIGNING_KEY, config.SIGNING_ALGORITHM)
  const refreshKeys = readRefreshKeys(config.REFRESH_KEYS)
  const { prisma, direct, pool, url, close } = openDatabase({
    url: config.DATABASE_URL,
    connections: config.DATABASE_POOL,
    timeoutMs: config.DATABASE_TIMEOUT_MS,
    onError: warn,
  })
  const db = prisma

  const limits = loginLimits({ pool, perAccount: config.LOGIN_FAILURES, perAddress: config.ADDRESS_FAILURES })
  const passwords = await createPasswords({ threads: config.PASSWORD_THREADS, queue: config.PASSWORD_QUEUE })
  const cookie = refreshCookie({ name: config.COOKIE_NAME, path: config.COOKIE_PATH })
  const lifetimes = lifetimesOf(config)

  const retentionMs = config.ACCESS_TOKEN_SECONDS * 1000 + config.REVOCATION_MARGIN_MS
  const revocations = createRevocations(prisma, retentionMs)
  const bareBarrier = createBarrier({ read: () => readLiveGuards(db), clock, onError: warn })
  const barrier = keepReceipts(revokeMetrics(metrics, bareBarrier), { db, onError: warn })
  const longestWaitMs = config.LEASE_MS + config.LEASE_MARGIN_MS + config.DATABASE_TIMEOUT_MS
  const waiting = { barrier, longestWaitMs }
  const polls = createPolls({ db, clock, limits: limitsOf(config), holdMs: config.POLL_HOLD_MS })
  const ear = listen({
    url,
    clock,
    onError: warn,
    onWake: channel => (channel === 'gatehouse_feed' ? polls.wake() : barrier.wake()),
  })

  const keys = staticKeys(signingKeys.all.map(({ kid, algorithm, publicPem }) => ({ kid, algorithm, pem: publicPem })))
  const verifier = createVerifier({ keys, issuer: config.ISSUER, audience: config.AUDIENCE, clock })

  const timelessVerifier = createVerifier({
    keys,
    issuer: config.ISSUER,
    audience: config.AUDIENCE,
    clock,
    clockToleranceMs: yearMs,
    cacheSize: 1,
  })

  await app.register(refusals, around)
  await app.register(strictRequests)
  await app.register(cookiePlugin)
  const docs = { issuer: config.ISSUER, version, hasPage: config.DOCS }
  await openApi(app, docs)
  const tokens = await accessTokens(app, {
    keys: signingKeys,
    issuer: config.ISSUER,
    audience: config.AUDIENCE,
    lifetimeSeconds: config.ACCESS_TOKEN_SECONDS,
  })
  const sending = { accessTokens: tokens, cookie }

  const rotating = {
    db,
    rotateRow: rotateTogether(direct, lifetimes),
    refreshKeys,
    revocations,
    retryWindowMs: config.RETRY_WINDOW_MS,
    limits: failureLimits({ pool, clock, policy: 'renew', quota: config.RENEW_FAILURES }),
  }

  // log in -> rotate -> (guards verify) -> revoke
  await app.register(loginRoutes, { db, passwords, limits, refreshKeys, lifetimes, sending })
  await app.register(rotateRoutes, {
    ...rotating,
    ...waiting,
    cookie,
    timelessVerifier,
    allowedOrigins: config.ALLOWED_ORIGINS,
    sending,
  })
  await app.register(async known => {
    known.addHook('onRequest', identify({ db, verifier }))
    await known.register(sessionRoutes, { db, revocations, waiting })
    await known.register(accountRoutes, { db, passwords, limits, revocations, waiting })
  })
  const mayCall = callLimit({ db, pool, quota: config.ADMIN_CALLS })
  await app.register(adminRoutes, { db, verifier, mayCall, passwords, revocations, waiting, prefix: '/admin' })
  const clients = clientLimits({ db, pool, clock, quota: config.CLIENT_FAILURES })
  await app.register(oauthRoutes, { ...rotating, clients, accessTokens: tokens, verifier, waiting, errors: around })
  await app.register(feedRoutes, { db, clients, polls })

  await app.register(discoveryRoutes, { issuer: config.ISSUER, keys: signingKeys })
  await app.register(healthRoutes, { mustBeReady: () => mustBeMigrated(pool) })
  await app.register(metricsRoute, { metrics, db })
  await docsPage(app, docs)

  app.addHook('preClose', async () => polls.close())
  const house = keepHouse({
    prisma,
    clock,
    metrics,
    rules: sweepRulesOf(config),
    periodMs: config.HOUSEKEEPING_SECONDS * 1000,
    onError: warn,
  })
  app.addHook('onClose', async () => {
    await house.close()
    await ear.close()
    await close()
  })
  return app
}
