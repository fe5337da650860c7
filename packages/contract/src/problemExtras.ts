/** What one refusal adds to the row of its problem. */

/** One field of the request that is wrong. */
export interface FieldError {
  /** Its path in the request: `body/email`, `query/limit`, `headers/authorization`. */
  field: string
  /** What is wrong with it, as a phrase. It never contains the value. */
  reason: string
}

/** What a refusal adds to its row of the table. */
export interface ProblemExtras {
  /** A sentence instead of the table's description; it contains only what the caller may know. */
  detail?: string
  /** For `request-malformed`: the fields that are wrong. */
  fields?: readonly FieldError[]
  /** For `insufficient-scope`: the scopes that the route requires. */
  scope?: readonly string[]
  /** For `reauthentication-required`: how old the log-in may be, in seconds. */
  maxAgeSeconds?: number
  /** Overrides the table's `Retry-After`, in seconds. */
  retryAfterSeconds?: number
  /** For a malformed Authorization header: `invalid_request` (RFC 6750 section 3.1). */
  challenge?: 'invalid_request'
  /** Further response headers. */
  headers?: Readonly<Record<string, string>>
  cause?: unknown
}
