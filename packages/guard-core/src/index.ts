/** The guard without a framework: verifies tokens, follows the feed, and decides from memory. */
export { GuardSettingsError } from './feed/feedClient.ts'
export { createGuard } from './guard.ts'
export type { Guard, GuardState } from './guardApi.ts'
export { createFeedKeys, type FeedKeys } from './keys/feedKeys.ts'
export { type JwksOptions, jwksKeys } from './keys/jwksKeys.ts'
export {
  algorithmOf,
  type Keys,
  keyFromPem,
  keysFromJwks,
  type PublicKey,
  pemBlocks,
  thumbprint,
} from './keys/publicKey.ts'
export { type PemKey, staticKeys } from './keys/staticKeys.ts'
export type { CreateGuardMetrics, GuardMetrics } from './metrics.ts'
export type { GuardLog, GuardOptions } from './options.ts'
export { parseRouteRule, type RouteRule } from './routeRule.ts'
export type { CloseStream, TrackOptions } from './streams.ts'
export { type GuardedRequest, singleAuthorization } from './verify/authorizationHeader.ts'
export {
  type AuthorizationFacts,
  type AuthorizationResult,
  authorize,
  problemOfEffect,
  type Rule,
} from './verify/authorize.ts'
export type { Caller } from './verify/claims.ts'
export { type CheckSignature, type CreateSignatureCheck, nodeCryptoCheck } from './verify/signature.ts'
export type { VerifiedToken } from './verify/tokenCache.ts'
export { createVerifier, type Verifier, type VerifierOptions } from './verify/verifier.ts'
