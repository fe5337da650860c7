/** The columns of the table of refusals: what each row says. */

/** What the client does next. `renew`: get a new access token, then repeat once. `login`: the session is over. `stop`: repeating will not help. `retry`: the same request later. */
export type Action = 'renew' | 'login' | 'stop' | 'retry'

/** The `error` of a Bearer challenge (RFC 6750 section 3.1); `none` is a challenge without one, `basic` one for service clients. */
export type Challenge = 'none' | 'invalid_token' | 'insufficient_scope' | 'basic'

/** Where a refusal can be met. */
export type ProblemContext = 'guarded route' | 'renew' | 'log-in' | 'any' | 'admin' | 'guards'

export interface ProblemDefinition {
  status: number
  action: Action
  contexts: readonly ProblemContext[]
  /** When it is given. */
  description: string
  /** The title of the problem, fit to be shown to a person. */
  title: string
  /** The challenge in `WWW-Authenticate`: every 401 has one (RFC 9110 section 11.6.1). */
  challenge?: Challenge
  /** Seconds in `Retry-After` when nothing better is known. */
  retryAfterSeconds?: number
}
