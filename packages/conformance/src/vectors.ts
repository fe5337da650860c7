/** The form of the vectors. */
import { readdirSync, readFileSync } from 'node:fs'
import type { PollResponse, ProblemCode } from '@gatehouse/contract'

/** One request with a token, and the answer of a guard without any revocation. */
export interface TokenCase {
  name: string
  /** The values of the Authorization field: none, one, or two. */
  authorization: string[]
  /** The query string, without the question mark. */
  query?: string
  /** The route requires the scope `storage:restricted`. */
  restricted?: true
  /** `pass`, or the code of the problem. */
  expect: 'pass' | ProblemCode
  /** The answer holds at `nowMs` only, so a test over real time leaves the case out. */
  exact?: true
}

/** `vectors/tokens.json`. */
export interface TokenVectors {
  /** The time of the feed. */
  nowMs: number
  issuer: string
  audience: string
  toleranceMs: number
  jwks: { keys: Record<string, unknown>[] }
  cases: TokenCase[]
}

/** The claims of a token that an index of revocations reads. */
export interface ScriptToken {
  sid: string
  sub: string
  epoch: number
  global_epoch: number
  act?: { sub: string; sid?: string }
  /** In seconds since 1970; far in the future by default. */
  exp?: number
}

/** One step of a script. `atMs` is the guard's monotonic time. */
export type ScriptStep = { atMs: number; why?: string } & (
  | { begin: string; after: number | null }
  | { answer: string; response: PollResponse; result: 'applied' | 'ignored' | 'restart' | 'failed' }
  | { abandon: string }
  | { feedChanged: string }
  | { wallAheadMs: number }
  | { token: ScriptToken; onUnknown?: 'allow'; expect: 'pass' | ProblemCode }
  | { entries: number }
  | { jwks: TokenVectors['jwks'] }
  | { kid: string; expect: 'accepted' | 'refused' }
)

/**
 * `vectors/feed/*.json`: what a guard does under a clock that the test controls. The wall clock
 * shows `wallMs` when the monotonic clock shows 0.
 */
export interface FeedScript {
  title: string
  toleranceMs: number
  wallMs: number
  /** The JWK Set that the guard fetched at its start; empty by default. */
  jwks?: TokenVectors['jwks']
  steps: ScriptStep[]
}

const folder = new URL('../../vectors/', import.meta.url)

export function readTokenVectors(): TokenVectors {
  return JSON.parse(readFileSync(new URL('tokens.json', folder), 'utf8'))
}

/** @returns the scripts by file name */
export function readFeedScripts(): Map<string, FeedScript> {
  const names = readdirSync(new URL('feed/', folder)).sort()
  return new Map(names.map(name => [name, JSON.parse(readFileSync(new URL(`feed/${name}`, folder), 'utf8'))]))
}
