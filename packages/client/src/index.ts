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
  Channel,
  Client,
  ClientOptions,
  Clock,
  Credentials,
  Page,
  SignedOutReason,
  State,
  Store,
} from './types.ts'
