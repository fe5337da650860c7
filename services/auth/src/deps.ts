/** Builds what the routes depend on from the configuration, one object per verb. */
import type { Clock } from '@gatehouse/clock'
import type { Registry } from 'prom-client'
import { type Config, lifetimesOf, retentionMsOf } from './config.ts'
import { type Database, openDatabase } from './database/database.ts'
import { createDatabaseTime } from './database/databaseTime.ts'
import { assertReady } from './database/readiness.ts'
import { createHistoryWatch, type HistoryWatch } from './feed/historyWatch.ts'
import { readServiceKeys } from './keys/serviceKeys.ts'
import { createSessionLimit } from './login/sessionLimit.ts'
import { contextWordsOf, createPasswordPolicy } from './passwords/passwordPolicy.ts'
import { createPasswordHasher } from './passwords/passwords.ts'
import { createRenewalPriority } from './passwords/renewalPriority.ts'
import { createRateLimits } from './rateLimits/rateLimits.ts'
import { createRevocationPipeline } from './revocationPipeline.ts'
import { createCallerReads } from './store/callerReads.ts'
import type { HistoryChange } from './store/databaseHistory.ts'
import { createLoginBatch } from './store/loginBatch.ts'
import { readClock } from './store/readClock.ts'
import { createRotationBatch } from './store/rotationBatch.ts'
import { createAccessTokens } from './tokens/accessTokens.ts'
import { deviceCookie } from './tokens/deviceCookie.ts'
import { refreshCookie } from './tokens/refreshCookie.ts'
import { createTokenSizeLimit } from './tokens/tokenSizeLimit.ts'

export interface DepsOptions {
  clock: Clock
  metrics: Registry
  /** Called with errors of the database that no request waits for. */
  onError: (error: unknown) => void
  /** Called when this host's clock begins or ceases to differ from PostgreSQL's. */
  onOffset: (offsetMs: number) => void
  /** Called when this replica has given the feed a new identity. */
  onHistoryChange: (change: HistoryChange) => void
}

export function createDeps(config: Config, { clock, metrics, onError, onOffset, onHistoryChange }: DepsOptions) {
  const history = createHistoryWatch({
    clock,
    metrics,
    holdMs: config.LEASE_MS + config.LEASE_MARGIN_MS,
    retentionMs: retentionMsOf(config),
    onChange: onHistoryChange,
    onError,
  })
  const database = openConfiguredDatabase(config, { onError, onConnect: history.onConnect })
  const { prisma: db, rawSql } = database
  const read = async () => (await readClock(rawSql)).dbNowMs
  const time = createDatabaseTime({ read, clock, metrics, onOffset, onError })
  const keys = readServiceKeys(config, { db, clock, time, onError })
  const { keyStore, encryption, refreshKeys, verifier, verifierFor } = keys
  const loginBatch = createLoginBatch(rawSql, clock)
  const callers = createCallerReads(rawSql, clock)
  const limits = createRateLimits(config, { database, logins: loginBatch, clock })
  const onKeys = keyStore.wake
  const pipeline = createRevocationPipeline(config, { database, history, clock, metrics, onError, onKeys })
  const { revocations, barrierDeps, polls } = pipeline
  const lifetimes = lifetimesOf(config)
  const renewalPriority = createRenewalPriority(clock)
  const { PASSWORD_THREADS: threads, PASSWORD_QUEUE: queue, RETRY_WINDOW_MS: retryWindowMs } = config
  const passwords = {
    ...createPasswordHasher({ threads, queue, renewalPriority }),
    requireAcceptable: createPasswordPolicy({
      minLength: config.PASSWORD_MIN_LENGTH,
      contextWords: contextWordsOf(config.ISSUER),
    }),
  }
  const cookie = refreshCookie({ name: config.COOKIE_NAME, path: config.COOKIE_PATH })
  const accessTokens = createAccessTokens({
    signJwt: keyStore.sign,
    issuer: config.ISSUER,
    audience: config.AUDIENCE,
    lifetimeSeconds: config.ACCESS_TOKEN_SECONDS,
  })
  const tokenDeps = { accessTokens, cookie }
  const devices = deviceCookie({ name: config.COOKIE_NAME, path: config.COOKIE_PATH }, refreshKeys)
  const rotateRow = createRotationBatch(rawSql, lifetimes, clock)
  const onSharedSession = config.ON_SHARED_SESSION
  const rotation = {
    db,
    rawSql,
    onSharedSession,
    rotateRow,
    refreshKeys,
    renewalPriority,
    revocations,
    retryWindowMs,
    limits: limits.renewals,
  }
  const audiences = [config.AUDIENCE, ...config.RESOURCES]
  const assertTokenFits = createTokenSizeLimit({
    issuer: config.ISSUER,
    audiences,
    publicClients: config.PUBLIC_CLIENTS,
  })
  const endSurplusSessions = createSessionLimit({ db, revocations, max: config.SESSIONS_PER_ACCOUNT, onError })
  const changes = { db, passwords, revocations, barrierDeps }
  return {
    login: {
      db,
      loginBatch,
      passwords,
      limits: limits.passwords,
      refreshKeys,
      lifetimes,
      tokenDeps,
      cookie,
      devices,
      revocations,
      endSurplusSessions,
    },
    rotate: {
      ...rotation,
      ...barrierDeps,
      cookie,
      cookiePath: config.COOKIE_PATH,
      verifierIgnoringExpiry: keys.verifierIgnoringExpiry,
      allowedOrigins: config.ALLOWED_ORIGINS,
      tokenDeps,
    },
    reauthenticate: { db, rawSql, passwords, limits: limits.passwords, accessTokens },
    devices: { db, deviceGuesses: limits.deviceGuesses },
    authentication: { callers, verifier },
    revoke: changes,
    accounts: { ...changes, limits: limits.passwords },
    admin: {
      ...changes,
      verifier,
      callers,
      limitCalls: limits.adminCalls,
      assertTokenFits,
      publicClients: config.PUBLIC_CLIENTS,
      audiences,
      resetCodeSeconds: config.RESET_CODE_SECONDS,
      recentLoginSeconds: config.RECENT_LOGIN_SECONDS,
      forgetFailures: limits.passwords.forget,
      leaseMs: config.LEASE_MS,
      keyChanges: { db, encryption, algorithm: config.SIGNING_ALGORITHM, keyStore, barrier: barrierDeps.barrier },
    },
    oauth: {
      ...rotation,
      clients: limits.clients,
      accessTokens,
      verifierFor,
      verifierOfAnyAudience: keys.verifierOfAnyAudience,
      barrierDeps,
      lifetimes,
      issuer: config.ISSUER,
      audiences,
      assertTokenFits,
      publicClients: config.PUBLIC_CLIENTS,
      deviceLimit: limits.devices,
      devicePolls: limits.devicePolls,
      endSurplusSessions,
    },
    feed: { db, clients: limits.clients, polls, issuer: config.ISSUER },
    discovery: { issuer: config.ISSUER, keys: keyStore },
    assertReady: async () => {
      await assertReady({ db, outageMs: pipeline.outageMs })
      await time.ensureRead()
      await keyStore.assertReady()
    },
    clockOffsetMs: () => Math.round(clock.wallMs() - time.clock.wallMs()),
    database,
    passwords,
    /** Fills what the first request would wait for. */
    warmUp: async () => {
      await time.ensureRead().catch(onError)
      await keyStore.assertReady().catch(onError)
    },
    /** Waits until the threads, the notifications and the connections are closed, in this order. */
    close: async () => {
      await passwords.close()
      await pipeline.close()
      await database.close()
    },
  }
}

function openConfiguredDatabase(
  config: Config,
  { onError, onConnect }: Pick<DepsOptions, 'onError'> & Pick<HistoryWatch, 'onConnect'>,
): Database {
  return openDatabase({
    url: config.DATABASE_URL,
    directUrl: config.DATABASE_DIRECT_URL,
    passwordCommand: config.DATABASE_PASSWORD_COMMAND,
    onConnect,
    connections: config.DATABASE_POOL,
    timeoutMs: config.DATABASE_TIMEOUT_MS,
    onError,
  })
}
