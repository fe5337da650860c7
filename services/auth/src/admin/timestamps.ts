/** Parses timestamps that have the form of RFC 3339 but may not exist. */
import { malformed } from '@gatehouse/contract'

/** PostgreSQL has no year 0, and the interface has no years of five digits. */
const minMs = new Date('0001-01-01T00:00:00Z').getTime()
const maxMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** @returns whether the date exists and PostgreSQL can store it */
export function isDatabaseTime(date: Date): boolean {
  const ms = date.getTime()
  return ms >= minMs && ms <= maxMs
}

/**
 * @param field where the timestamp is in the request, such as `query/from`
 * @throws ProblemError `request-malformed`, for example for a leap second or an hour of 24
 */
export function parseTimestamp(text: string, field: string): Date {
  const date = new Date(text)
  if (isDatabaseTime(date)) return date
  throw malformed(field, 'must be an existing time between the years 1 and 9999, such as 2026-11-23T20:00:00Z')
}
