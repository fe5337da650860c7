/** What the application under test tells its guard: the values that the kit's fake auth service expects. */
import { audience, clientId, clientSecret, issuer, pollTimeoutMs, toleranceMs } from '../../src/settings.ts'

/** The first argument of the program: the URL of the fake auth service. */
const authUrl = process.argv[2] ?? ''

export const guardSettings = {
  issuer,
  audience,
  clientId,
  clientSecret,
  pollTimeoutMs,
  clockToleranceMs: toleranceMs,
  authUrls: [authUrl],
  jwksUrl: `${authUrl}/.well-known/jwks.json`,
}
export const problemSettings = { problemBase: `${issuer}/problems`, realm: audience }
