/** The settings with which a guard is started for the checks. */

/** The `iss` of all tokens. */
export const issuer = 'https://auth.example'
/** The `aud` that names the guard under test. */
export const audience = 'warehouse'
/** The service client of the guard. The secret needs form-encoding, so that a guard that omits it fails. */
export const clientId = 'warehouse'
export const clientSecret = 'not a secret: %&'
/** The guard's clock tolerance in milliseconds. */
export const toleranceMs = 2000
/** The guard's poll timeout in milliseconds. */
export const pollTimeoutMs = 2000
/** The time of the vectors by the database's clock, in milliseconds since 1970. No host shows it. */
export const vectorNowMs = 1_790_000_000_000
/** The scope that the restricted route requires. */
export const restrictedScope = 'storage:restricted'
