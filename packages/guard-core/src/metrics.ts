/** What a guard counts, as functions that any metrics library can implement. */
import type { ProblemCode } from '@gatehouse/contract'
import type { GuardState } from './guardApi.ts'

/** Receives what the guard counts. Each function must return at once and must not throw. */
export interface GuardMetrics {
  countRefusal(code: ProblemCode): void
  /** A request passed without a lease, on a route that allows it. */
  countUnknownAllowed(): void
  /** The lease ended before it was extended. */
  countLapse(): void
  /** @param result `answered`, `failed`, `timed-out`, `client-invalid`, `feed-changed` or `settings-conflict` */
  countPoll(result: string): void
}

/**
 * Creates the counters of one guard.
 * @param state reads the values of gauges; call it when they are collected
 */
export type CreateGuardMetrics = (state: () => GuardState) => GuardMetrics

export const countNothing: CreateGuardMetrics = () => ({
  countRefusal() {},
  countUnknownAllowed() {},
  countLapse() {},
  countPoll() {},
})
