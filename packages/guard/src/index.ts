/** The guard for Fastify services: the plugin, its parts, and the problem details plugin. */

export {
  type AuthorizationFacts,
  type AuthorizationResult,
  algorithmOf,
  authorize,
  type Caller,
  type CloseStream,
  type Guard,
  type GuardedRequest,
  type GuardLog,
  GuardSettingsError,
  type GuardState,
  type JwksOptions,
  jwksKeys,
  type Keys,
  keyFromPem,
  keysFromJwks,
  type PemKey,
  type PublicKey,
  parseRouteRule,
  pemBlocks,
  problemOfEffect,
  type RouteRule,
  type Rule,
  singleAuthorization,
  staticKeys,
  type TrackOptions,
  thumbprint,
  type VerifiedToken,
  type Verifier,
} from '@gatehouse/guard-core'
export { type ProblemDetailsOptions, type ProblemDetailsPluginOptions, problemDetails } from '@gatehouse/http'
export { createGuard, createVerifier, type GuardOptions, type VerifierOptions } from './createGuard.ts'
export { type GuardPluginOptions, guard } from './fastify.ts'
