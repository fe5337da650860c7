/** Builds what exists once in the process from the configuration. */
import type { Clock } from '@gatehouse/clock'
import type { Registry } from 'prom-client'
import { type Config, lifetimesOf, retentionMsOf } from './config.ts'
import { type Database, openDatabase } from './database/database.ts'
import { createDatabaseTime } from './database/databaseTime.ts'
import { createHistoryWatch, type HistoryWatch } from './feed/historyWatch.ts'
import { readServiceKeys, type ServiceKeys } from './keys/serviceKeys.ts'
import { createSessionLimit } from './login/sessionLimit.ts'
import { contextWordsOf, createPasswordPolicy } from './passwords/passwordPolicy.ts'
import { createPasswordHasher, type Passwords } from './passwords/passwords.ts'
import { createRenewalPriority, type RenewalPriority } from './passwords/renewalPriority.ts'
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

export interface PartsOptions {
  clock: Clock
  metrics: Registry
  /** Called with errors of the database that no request waits for. */
  onError: (error: unknown) => void
  /** Called when this host's clock begins or ceases to differ from PostgreSQL's. */
  onOffset: (offsetMs: number) => void
  /** Called when this replica has given the feed a new identity. */
  onHistoryChange: (change: HistoryChange) => void
}

export type Parts = ReturnType<typeof createParts>

/** From the database upwards: each part uses those above it. */
export function createParts(config: Config, { clock, metrics, onError, onOffset, onHistoryChange }: PartsOptions) {
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
  const onKeys = keys.keyStore.wake
  const pipeline = createRevocationPipeline(config, { database, history, clock, metrics, onError, onKeys })
  const { revocations } = pipeline

  const lifetimes = lifetimesOf(config)
  const loginBatch = createLoginBatch(rawSql, clock)
  const renewalPriority = createRenewalPriority(clock)
  return {
    database,
    time,
    keys,
    pipeline,
    lifetimes,
    loginBatch,
    renewalPriority,
    rotateRow: createRotationBatch(rawSql, lifetimes, clock),
    callers: createCallerReads(rawSql, clock),
    limits: createRateLimits(config, { database, logins: loginBatch, clock }),
    passwords: createPasswords(config, renewalPriority),
    endSurplusSessions: createSessionLimit({ db, revocations, max: config.SESSIONS_PER_ACCOUNT, onError }),
    ...createTokens(config, keys),
  }
}

function createPasswords(config: Config, renewalPriority: RenewalPriority): Passwords {
  const { PASSWORD_THREADS: threads, PASSWORD_QUEUE: queue, PASSWORD_MIN_LENGTH: minLength } = config
  return {
    ...createPasswordHasher({ threads, queue, renewalPriority }),
    requireAcceptable: createPasswordPolicy({ minLength, contextWords: contextWordsOf(config.ISSUER) }),
  }
}

function createTokens(config: Config, { keyStore, refreshKeys }: ServiceKeys) {
  const { ISSUER: issuer, AUDIENCE: audience, PUBLIC_CLIENTS: publicClients } = config
  const cookieOptions = { name: config.COOKIE_NAME, path: config.COOKIE_PATH }
  const audiences = [audience, ...config.RESOURCES]
  return {
    audiences,
    accessTokens: createAccessTokens({
      signJwt: keyStore.sign,
      issuer,
      audience,
      lifetimeSeconds: config.ACCESS_TOKEN_SECONDS,
    }),
    assertTokenFits: createTokenSizeLimit({ issuer, audiences, publicClients }),
    cookie: refreshCookie(cookieOptions),
    deviceCookie: deviceCookie(cookieOptions, refreshKeys),
  }
}

function openConfiguredDatabase(
  config: Config,
  { onError, onConnect }: Pick<PartsOptions, 'onError'> & Pick<HistoryWatch, 'onConnect'>,
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
