/** The events of a run, all stamped by the monotonic clock of the chaos process. */

/** From before a request is sent until its answer has been read, or until the time-out. */
export interface Span {
  startMs: number
  endMs: number
}

/** `ok`, a problem code, `status N` for an error answer without a code, or `no-answer`. */
export type ResultCode = string

export interface Login extends Span {
  kind: 'login'
  user: string
  /** Null unless the log-in succeeded. */
  sid: string | null
  result: ResultCode
}

export interface Request extends Span {
  kind: 'request'
  resource: string
  sid: string
  user: string
  result: ResultCode
  /** When the last byte of a slow body was sent; null if all was sent at the start. */
  sentMs: number | null
}

/** One attempt to renew; a client repeats it until it has an answer. */
export interface Renewal extends Span {
  kind: 'renewal'
  sid: string
  user: string
  result: ResultCode
  /** As in `Request`. */
  sentMs: number | null
  /** When this refresh token was first presented. */
  firstMs: number
  hasKey: boolean
  /** Fingerprints of the two refresh tokens. */
  presented: string
  successor: string | null
}

export const revocationMethods = ['end-one', 'end-others', 'end-all', 'disable', 'enable', 'global', 'log-out'] as const
export type RevocationMethod = (typeof revocationMethods)[number]

/** `in-force` and `not-yet` are committed; `unknown` may or may not be. */
export type BarrierResult = 'in-force' | 'not-yet' | 'unknown'

export interface Revocation extends Span {
  kind: 'revocation'
  method: RevocationMethod
  /** The session that ends; for `end-others`, the session that stays. */
  sid: string | null
  /** The account; null for a global revocation. */
  user: string | null
  auth: string
  barrierResult: BarrierResult
  result: ResultCode
  waitedMs: number
}

/** `not-found` for a session that another revocation has ended, and that was deleted. */
export interface MissingSession extends Span {
  kind: 'missing-session'
  sid: string
  user: string
}

export interface Fault extends Span {
  kind: 'fault'
  fault: string
  /** The processes that could not serve during the fault. */
  targets: string[]
}

/** A request with the longest allowed time of an answer as its time-out. */
export interface Probe extends Span {
  kind: 'probe'
  target: string
  path: string
  result: ResultCode
}

/** Whether a process serves again after the last fault, or a part of it after its own. */
export interface Recovery extends Span {
  kind: 'recovery'
  target: string
  isServing: boolean
}

/** The exit of a process that the run did not stop. */
export interface UnexpectedExit extends Span {
  kind: 'unexpected-exit'
  target: string
  lastLog: string[]
}

/** Error lines in the log of a process. */
export interface LoggedErrors extends Span {
  kind: 'logged-errors'
  target: string
  proxies: string[]
}

export type HistoryEvent =
  | Login
  | Request
  | Renewal
  | Revocation
  | MissingSession
  | Fault
  | Probe
  | Recovery
  | UnexpectedExit
  | LoggedErrors

export interface History {
  events: HistoryEvent[]
  /** The configured limits that the checker applies. */
  bounds: Bounds
}

export interface Bounds {
  leaseMs: number
  marginMs: number
  retryWindowMs: number
  /** Allowance beyond lease and margin for a loaded machine. */
  slackMs: number
}
