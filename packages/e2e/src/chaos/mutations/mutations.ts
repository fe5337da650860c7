/** Deliberate mistakes that the checker must notice: each is one line of one compiled module, and what stands there instead. */

export interface Change {
  service: 'auth' | 'resource'
  /** How the module's URL ends. */
  file: string
  from: string
  to: string
}

export const changes = {
  /** The auth service answers `inForce: true` without waiting. */
  'barrier-skipped': {
    service: 'auth',
    file: '/services/auth/dist/src/revoke/barrier.js',
    from: 'const inForce = await Promise.race([waiter.inForce.then(() => true), patience.then(() => false)]);',
    to: 'const inForce = true; void patience;',
  },
  /** The guard counts its lease from the answer instead of from before the poll was sent. */
  'lease-from-answer': {
    service: 'resource',
    file: '/packages/protocol/dist/src/follower.js',
    from: 'extend(follower.validUntil, asked, answer.leaseMs);',
    to: 'extend(follower.validUntil, { nowMs: performance.now(), wallMs: Date.now() }, answer.leaseMs);',
  },
  /** The auth service calls whoever repeats a renewal a thief. */
  'retry-accused': {
    service: 'auth',
    file: '/packages/protocol/dist/src/rotation.js',
    from: 'if (isPrevious && isInWindow)',
    to: 'if (isPrevious && isInWindow && false)',
  },
} as const satisfies Record<string, Change>

export type Mistake = keyof typeof changes
export const mistakes = Object.keys(changes) as Mistake[]

export function isMistake(name: string): name is Mistake {
  return Object.hasOwn(changes, name)
}

/** What a process says once its module was changed. */
export function confession(mistake: Mistake): string {
  return `broken on purpose: ${mistake}`
}
