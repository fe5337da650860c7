/** The guard for Fastify services: the plugin, its parts, and the problem details plugin. */

export { type ProblemDetailsOptions, type ProblemDetailsPluginOptions, problemDetails } from '@gatehouse/http'
export { GuardSettingsError } from './feed/feedClient.ts'
export { createGuard } from './guard.ts'
export type { Guard, GuardState } from './guardApi.ts'
export { type JwksOptions, jwksKeys } from './keys/jwksKeys.ts'
export { type Keys, keyFromPem, keysFromJwks, type PublicKey, pemBlocks, thumbprint } from './keys/publicKey.ts'
export { type PemKey, staticKeys } from './keys/staticKeys.ts'
export type { GuardLog, GuardOptions } from './options.ts'
export { type GuardPluginOptions, guard } from './plugin.ts'
export { parseRouteRule, type RouteRule } from './routeRule.ts'
export type { CloseStream, TrackOptions } from './streams.ts'
export { singleAuthorization } from './verify/authorizationHeader.ts'
export {
  type AuthorizationFacts,
  type AuthorizationResult,
  authorize,
  problemOfEffect,
  type Rule,
} from './verify/authorize.ts'
export type { Caller } from './verify/claims.ts'
export type { VerifiedToken } from './verify/tokenCache.ts'
export { createVerifier, type Verifier, type VerifierOptions } from './verify/verifier.ts'
