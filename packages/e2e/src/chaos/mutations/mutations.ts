/**
 * Deliberate faults that the checker must detect: each replaces one line of one compiled module.
 */

export interface Mutation {
  service: 'auth' | 'resource'
  /** How the module's URL ends. */
  file: string
  from: string
  to: string
}

export const mutations = {
  /** The auth service answers `inForce: true` without waiting. */
  'barrier-skipped': {
    service: 'auth',
    file: '/services/auth/dist/src/revoke/barrier.js',
    from: 'const inForce = await Promise.race([waiter.inForce, timeout.then(() => false)]).finally(() => {',
    to: 'const inForce = await Promise.resolve(true).finally(() => { void timeout;',
  },
  /** The guard counts its lease from the answer instead of from before the poll was sent. */
  'lease-from-answer': {
    service: 'resource',
    file: '/packages/protocol/dist/src/follower.js',
    from: 'extendLease(follower.validUntil, sentAt, response.leaseMs);',
    to: 'extendLease(follower.validUntil, { nowMs: performance.now(), wallMs: Date.now() }, response.leaseMs);',
  },
  /** The auth service treats a retry of a renewal as reuse. */
  'retry-as-reuse': {
    service: 'auth',
    file: '/packages/protocol/dist/src/rotation.js',
    from: 'if (isPrevious && isInWindow)',
    to: 'if (isPrevious && isInWindow && false)',
  },
} as const satisfies Record<string, Mutation>

export type MutationName = keyof typeof mutations
export const mutationNames = Object.keys(mutations) as MutationName[]

export function isMutationName(name: string): name is MutationName {
  return Object.hasOwn(mutations, name)
}

/** The log line of a process whose module was changed. */
export function mutationMarker(mutation: MutationName): string {
  return `mutation active: ${mutation}`
}
