/** The client: a fetch that keeps a session alive and does what each problem's `action` says. */
export { createClient } from './createClient.ts'
export {
  ClientError,
  type ClientErrorCode,
  type Field,
  isProblem,
  type Problem,
  ProblemError,
  type ProblemOf,
} from './errors.ts'
export { type Action, type ProblemCode, problems } from './problems.ts'
export type {
  Client,
  ClientOptions,
  Clock,
  Credentials,
  SignedOutReason,
  State,
  Store,
} from './types.ts'
