/** What happened, stamped by one monotonic clock: that of the process which asks, breaks and judges. */

/** From before the question was sent until after its answer was read, or until it was given up. */
export interface Span {
  startMs: number
  endMs: number
}

/** `ok`, the code of a refusal, `status N` for an answer without one, or `no-answer`. */
export type Told = string

export interface Login extends Span {
  kind: 'login'
  user: string
  /** Only when it succeeded. */
  sid: string | null
  told: Told
}

export interface Request extends Span {
  kind: 'request'
  resource: string
  sid: string
  user: string
  told: Told
}

/** One attempt to renew; a client repeats it until it is told something. */
export interface Rotation extends Span {
  kind: 'rotation'
  sid: string
  user: string
  told: Told
  /** When this refresh token was first presented. */
  firstMs: number
  hasKey: boolean
  /** Fingerprints of the two refresh tokens. */
  presented: string
  successor: string | null
}

export const acts = ['end-one', 'end-others', 'end-all', 'disable', 'enable', 'global', 'log-out'] as const
export type Act = (typeof acts)[number]

/** `in-force` and `not-yet` were committed; of `unknown` nobody can tell. */
export type Standing = 'in-force' | 'not-yet' | 'unknown'

export interface Revocation extends Span {
  kind: 'revocation'
  act: Act
  /** The session that is ended; with `end-others`, the one that stays. */
  sid: string | null
  /** The account; null for everyone. */
  user: string | null
  auth: string
  standing: Standing
  told: Told
  waitedMs: number
}

export interface Fault extends Span {
  kind: 'fault'
  fault: string
  /** The processes that could not serve meanwhile. */
  targets: string[]
}

/** After the last fault, whether a process serves again. */
export interface Recovery extends Span {
  kind: 'recovery'
  target: string
  isServing: boolean
}

/** A process that ended though nobody ended it. */
export interface Death extends Span {
  kind: 'death'
  target: string
  lastWords: string[]
}

/** Errors that a process wrote into its log. */
export interface Outcry extends Span {
  kind: 'outcry'
  target: string
  lines: string[]
}

export type Happening = Login | Request | Rotation | Revocation | Fault | Recovery | Death | Outcry

export interface History {
  happenings: Happening[]
  /** What the run was configured with: the checker's measure. */
  bounds: Bounds
}

export interface Bounds {
  leaseMs: number
  marginMs: number
  retryWindowMs: number
  /** How much longer than lease and margin a barrier may take on a machine that does much else. */
  slackMs: number
}
