/** Deliberate faults that tests must detect: each replaces one line of a compiled module, or of several. */

export interface Mutation {
  service: 'auth' | 'resource'
  edits: readonly Edit[]
}

export interface Edit {
  /** How the module's URL ends. */
  file: string
  from: string
  to: string
}

export const mutations = {
  /** The auth service answers `inForce: true` without waiting. */
  'barrier-skipped': {
    service: 'auth',
    edits: [
      {
        file: '/services/auth/dist/src/revoke/barrier.js',
        from: 'const inForce = await Promise.race([waiter.inForce, timeout.then(() => false)]).finally(() => {',
        to: 'const inForce = await Promise.resolve(true).finally(() => { void timeout;',
      },
    ],
  },
  /** The guard counts its lease from the answer instead of from before the poll was sent. */
  'lease-from-answer': {
    service: 'resource',
    edits: [
      {
        file: '/packages/protocol/dist/src/follower.js',
        from: 'extendLease(follower.validUntil, sentAt, response.leaseMs);',
        to: 'extendLease(follower.validUntil, { nowMs: performance.now(), wallMs: Date.now() }, response.leaseMs);',
      },
    ],
  },
  /** The auth service treats a retry of a renewal as reuse. */
  'retry-as-reuse': {
    service: 'auth',
    edits: [
      {
        file: '/packages/protocol/dist/src/rotation.js',
        from: 'if (isPrevious && isInWindow)',
        to: 'if (isPrevious && isInWindow && false)',
      },
    ],
  },
  /** The auth service waits ten minutes for an answer of PostgreSQL. */
  'statement-limit-removed': {
    service: 'auth',
    edits: [
      {
        file: '/services/auth/dist/src/database/database.js',
        from: 'const answerMarginMs = 1000;',
        to: 'const answerMarginMs = 600_000;',
      },
    ],
  },
  /** The auth service does not notice that the database has another history than before. */
  'history-unnoticed': {
    service: 'auth',
    edits: [
      {
        file: '/services/auth/dist/src/feed/historyWatch.js',
        from: 'const change = await adoptHistory(send, { holdMs, lostFeedId });',
        to: 'const change = false ? await adoptHistory(send, { holdMs, lostFeedId }) : undefined;',
      },
      {
        file: '/services/auth/dist/src/store/guards.js',
        from: 'clock.history IS NOT DISTINCT FROM (SELECT database_history()) AS "isHistoryKnown"',
        to: 'true AS "isHistoryKnown"',
      },
    ],
  },
} as const satisfies Record<string, Mutation>

export type MutationName = keyof typeof mutations
export const mutationNames = Object.keys(mutations) as MutationName[]
/** Those that the checker of the chaos run must detect; the others have a test of their own. */
export type ChaosMutation = Exclude<MutationName, 'history-unnoticed'>
export const chaosMutations = mutationNames.filter((name): name is ChaosMutation => name !== 'history-unnoticed')

export function isMutationName(name: string): name is MutationName {
  return Object.hasOwn(mutations, name)
}

/** The log line of a process whose module was changed. */
export function mutationMarker(mutation: MutationName): string {
  return `mutation active: ${mutation}`
}

/** The environment of a process that loads a mutation. Its modules must not be bundled. */
export function mutationEnv(mutation: MutationName): { NODE_OPTIONS: string } {
  const preload = new URL(`preload.js?mutation=${mutation}`, import.meta.url)
  return { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${preload}` }
}
