/** The one time limit for events in tests. */

/**
 * How long a test waits for an event that must come, in milliseconds: a process that listens, a log
 * line, an answer. Far longer than any of them takes on a loaded machine, so only a hang reaches
 * it.
 */
export const eventTimeoutMs = 120_000
