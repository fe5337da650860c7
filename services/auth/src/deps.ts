/** Gives the routes of each folder the parts that they use. */
import type { Config } from './config.ts'
import { assertReady } from './database/readiness.ts'
import { createParts, type Parts, type PartsOptions } from './parts.ts'

/** @returns what the routes of each folder use, and what starts and stops the process */
export function createDeps(config: Config, options: PartsOptions) {
  const parts = createParts(config, options)
  const { database, passwords, pipeline, time } = parts
  const { keyStore } = parts.keys
  const { clock, onError } = options
  return {
    ...routeDeps(config, parts),
    database,
    passwords,
    assertReady: async () => {
      await assertReady({ db: database.prisma, outageMs: pipeline.outageMs })
      await time.ensureRead()
      await keyStore.assertReady()
    },
    clockOffsetMs: () => Math.round(clock.wallMs() - time.clock.wallMs()),
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

function routeDeps(config: Config, parts: Parts) {
  const { keys, limits, pipeline, callers } = parts
  const { prisma: db } = parts.database
  const { ISSUER: issuer } = config
  return {
    ...sessionDeps(config, parts),
    admin: adminDeps(config, parts),
    oauth: oauthDeps(config, parts),
    authentication: { callers, verifier: keys.verifier },
    devices: { db, deviceGuesses: limits.deviceGuesses },
    feed: { db, clients: limits.clients, polls: pipeline.polls, issuer },
    discovery: { issuer, keys: keys.keyStore },
  }
}

/** Log in, renew, and what users do with their own account and sessions. */
function sessionDeps(config: Config, parts: Parts) {
  const { database, keys, pipeline, lifetimes, loginBatch, passwords, accessTokens, cookie, deviceCookie } = parts
  const { prisma: db, rawSql } = database
  const { passwords: limits } = parts.limits
  const tokenDeps = { accessTokens, cookie }
  const changes = changeDeps(parts)
  return {
    login: {
      db,
      loginBatch,
      passwords,
      limits,
      refreshKeys: keys.refreshKeys,
      lifetimes,
      tokenDeps,
      cookie,
      devices: deviceCookie,
      revocations: pipeline.revocations,
      endSurplusSessions: parts.endSurplusSessions,
    },
    rotate: {
      ...rotationDeps(config, parts),
      ...pipeline.barrierDeps,
      cookie,
      cookiePath: config.COOKIE_PATH,
      verifierIgnoringExpiry: keys.verifierIgnoringExpiry,
      allowedOrigins: config.ALLOWED_ORIGINS,
      tokenDeps,
    },
    reauthenticate: { db, rawSql, passwords, limits, accessTokens },
    revoke: changes,
    accounts: { ...changes, limits },
  }
}

function adminDeps(config: Config, parts: Parts) {
  const { keys, limits, pipeline, callers, audiences, assertTokenFits } = parts
  const { prisma: db } = parts.database
  const { encryption, keyStore } = keys
  const { barrier } = pipeline.barrierDeps
  return {
    ...changeDeps(parts),
    verifier: keys.verifier,
    callers,
    limitCalls: limits.adminCalls,
    assertTokenFits,
    publicClients: config.PUBLIC_CLIENTS,
    audiences,
    resetCodeSeconds: config.RESET_CODE_SECONDS,
    recentLoginSeconds: config.RECENT_LOGIN_SECONDS,
    forgetFailures: limits.passwords.forget,
    leaseMs: config.LEASE_MS,
    keyChanges: { db, encryption, algorithm: config.SIGNING_ALGORITHM, keyStore, barrier },
  }
}

function oauthDeps(config: Config, parts: Parts) {
  const { keys, limits, pipeline, lifetimes, accessTokens, audiences, assertTokenFits, endSurplusSessions } = parts
  return {
    ...rotationDeps(config, parts),
    clients: limits.clients,
    accessTokens,
    verifierFor: keys.verifierFor,
    verifierOfAnyAudience: keys.verifierOfAnyAudience,
    barrierDeps: pipeline.barrierDeps,
    lifetimes,
    issuer: config.ISSUER,
    audiences,
    assertTokenFits,
    publicClients: config.PUBLIC_CLIENTS,
    deviceLimit: limits.devices,
    devicePolls: limits.devicePolls,
    endSurplusSessions,
  }
}

function rotationDeps(config: Config, { database, keys, limits, pipeline, rotateRow, renewalPriority }: Parts) {
  return {
    db: database.prisma,
    rawSql: database.rawSql,
    onSharedSession: config.ON_SHARED_SESSION,
    rotateRow,
    refreshKeys: keys.refreshKeys,
    renewalPriority,
    revocations: pipeline.revocations,
    retryWindowMs: config.RETRY_WINDOW_MS,
    limits: limits.renewals,
  }
}

/** For changes of accounts and sessions that revoke. */
function changeDeps({ database, passwords, pipeline }: Parts) {
  return { db: database.prisma, passwords, revocations: pipeline.revocations, barrierDeps: pipeline.barrierDeps }
}
