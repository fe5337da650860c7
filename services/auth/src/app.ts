/** The auth service: its table of contents, in the order in which a session lives. */
import type { Clock } from '@gatehouse/clock'
import { requestMetrics } from '@gatehouse/http'
import { Registry } from 'prom-client'
import { deviceRoutes } from './accounts/deviceRoutes.ts'
import { accountRoutes } from './accounts/route.ts'
import { adminRoutes } from './admin/route.ts'
import { type Config, sweepRulesOf } from './config.ts'
import { createDeps } from './deps.ts'
import { feedRoutes } from './feed/route.ts'
import { startHousekeeping } from './housekeeping/housekeeping.ts'
import { authenticateUser } from './http/authenticate.ts'
import { databaseErrorToProblem } from './http/databaseErrors.ts'
import { discoveryRoutes } from './http/discovery.ts'
import { docsPage } from './http/docs.ts'
import { healthRoutes } from './http/health.ts'
import { metricsRoute } from './http/metrics.ts'
import { createServer } from './http/server.ts'
import type { LogStream } from './http/serverOptions.ts'
import { reauthenticateRoutes } from './login/reauthenticateRoute.ts'
import { loginRoutes } from './login/route.ts'
import { grantTypes, oauthRoutes } from './oauth/route.ts'
import { pageRoutes } from './pages/route.ts'
import { ownSessionRoutes } from './revoke/route.ts'
import { rotateRoutes } from './rotate/route.ts'
import type { HistoryChange } from './store/databaseHistory.ts'

export const version = '0.1.0'

/**
 * Builds the service. All state that replicas must share is in the database.
 * @param config what `readConfig` returned
 * @param clock the process's clock
 * @param logStream receives the log lines; standard output by default
 */
export async function buildApp(config: Config, clock: Clock, logStream?: LogStream) {
  const problemOptions = {
    problemBase: `${config.ISSUER}/problems`,
    realm: 'gatehouse',
    translate: databaseErrorToProblem,
  }
  const docs = { issuer: config.ISSUER, cookieName: config.COOKIE_NAME, version, hasPage: config.DOCS }
  const [requests, metrics] = [requestMetrics(clock), new Registry()]
  const app = await createServer(config, { problemOptions, docs, requests, logStream })
  const onError = (error: unknown) => app.log.warn({ err: error }, 'database error')
  const onOffset = (offsetMs: number) => app.log.warn({ offsetMs }, "this host's clock differs from the database's")
  const onHistoryChange = (change: HistoryChange) =>
    app.log.warn(change, 'the history of the database has changed: revocations wait for one lease')
  const deps = createDeps(config, { clock, metrics, onError, onOffset, onHistoryChange })
  const { database, passwords } = deps

  // log in -> rotate -> (guards verify) -> revoke
  await app.register(loginRoutes, deps.login)
  await app.register(rotateRoutes, deps.rotate)
  await app.register(async authenticated => {
    authenticated.addHook('onRequest', authenticateUser(deps.authentication))
    await authenticated.register(reauthenticateRoutes, deps.reauthenticate)
    await authenticated.register(ownSessionRoutes, deps.revoke)
    await authenticated.register(accountRoutes, deps.accounts)
    await authenticated.register(deviceRoutes, deps.devices)
  })
  await app.register(adminRoutes, deps.admin)
  await app.register(oauthRoutes, { ...deps.oauth, errors: problemOptions })
  await app.register(feedRoutes, deps.feed)

  await app.register(discoveryRoutes, { ...deps.discovery, grantTypes })
  await app.register(healthRoutes, { assertReady: deps.assertReady, clockOffsetMs: deps.clockOffsetMs })
  await app.register(metricsRoute, { metrics, requests, db: database.prisma })
  await docsPage(app, docs)
  if (config.CONSOLE) await app.register(pageRoutes)

  const [rules, periodMs] = [sweepRulesOf(config), config.HOUSEKEEPING_SECONDS * 1000]
  const housekeeping = startHousekeeping({ prisma: database.prisma, clock, metrics, rules, periodMs, onError })
  app.addHook('onListen', deps.warmUp)
  app.addHook('onListen', passwords.warmUp)
  app.addHook('onListen', database.warmUp)
  app.addHook('preClose', async () => deps.feed.polls.close())
  app.addHook('onClose', async () => {
    await housekeeping.close()
    await deps.close()
  })
  return app
}
