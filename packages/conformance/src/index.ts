/** The checks as functions, and the vectors. */
export { type Exchange, type FakeAuth, type PollHandler, startFakeAuth } from './fakeAuth.ts'
export { type Check, CheckFailed, type Kit, type Routes } from './kit.ts'
export { type CheckResult, checks, defaultRoutes, type RunOptions, runChecks } from './run.ts'
export * from './settings.ts'
export { tableOf } from './table.ts'
export {
  type FeedScript,
  readFeedScripts,
  readTokenVectors,
  type ScriptStep,
  type ScriptToken,
  type TokenCase,
  type TokenVectors,
} from './vectors.ts'
