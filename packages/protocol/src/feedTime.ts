/** The time that a guard takes from the feed: the database's time, carried on by the guard's monotonic clock. */

/** The latest reading of the database's clock that a guard has received. */
export interface FeedTime {
  /** The database's time in the latest response, in milliseconds since 1970. */
  readonly dbNowMs: number
  /** The guard's monotonic time when it received that response, in milliseconds. */
  readonly receivedAtMs: number
  /**
   * The feed's time at that instant by the responses before: the time never goes back behind it.
   */
  readonly floorMs: number
}

/**
 * Takes the database's time from a response.
 * @param previous the reading before; null for the first
 * @param reading the database's time in the response, and the guard's monotonic time when it
 *   received the response
 * @returns the new reading
 */
export function advanceFeedTime(
  previous: FeedTime | null,
  { dbNowMs, receivedAtMs }: { dbNowMs: number; receivedAtMs: number },
): FeedTime {
  const floorMs = previous === null ? dbNowMs : feedNowMs(previous, receivedAtMs)
  return { dbNowMs, receivedAtMs, floorMs }
}

/**
 * The feed's time. It is never later than the database's own time (but for the drift of the
 * monotonic clock since the latest response) and at most one round trip earlier. It never goes
 * back. A guard judges `exp`, `iat` and `nbf` by it and removes entries by it, so an entry outlasts
 * every token that it covers, whatever the clocks of the guard's host show.
 * @param time the latest reading
 * @param nowMs the guard's monotonic time, in milliseconds
 * @returns milliseconds since 1970
 */
export function feedNowMs({ dbNowMs, receivedAtMs, floorMs }: FeedTime, nowMs: number): number {
  return Math.max(floorMs, dbNowMs + (nowMs - receivedAtMs))
}
