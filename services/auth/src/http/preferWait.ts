/**
 * How long the client of a revocation prefers to wait: `Prefer: wait=N` and `respond-async` (RFC
 * 7240 section 4).
 */
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Reads the preference and sets `Preference-Applied` to what is honoured. A preference that cannot
 * be honoured is ignored (RFC 7240 section 2), so this never refuses a request whose action may
 * already be committed.
 * @param maxWaitMs when a revocation is in force at the latest; also the default
 * @returns milliseconds
 */
export function waitPreference(request: FastifyRequest, reply: FastifyReply, maxWaitMs: number): number {
  const { waitMs, applied } = parseWait(request.headers.prefer)
  if (applied !== undefined) reply.header('preference-applied', applied)
  return Math.min(waitMs ?? maxWaitMs, maxWaitMs)
}

/**
 * `wait` bounds the wait whether or not `respond-async` comes with it; `respond-async` alone means
 * not to wait. The first of several preferences with one name counts.
 */
export function parseWait(header: string | string[] | undefined): { waitMs?: number; applied?: string } {
  const preferences = String(header ?? '')
    .split(',')
    .map(preference => preference.split(';', 1)[0]?.trim().toLowerCase() ?? '')
  const isAsync = preferences.includes('respond-async')
  const wait = preferences.find(preference => /^wait\s*=/.test(preference))
  const [, seconds] = /^wait\s*=\s*(?:"(\d{1,9})"|(\d{1,9}))$/.exec(wait ?? '')?.filter(Boolean) ?? []
  const names = [isAsync ? 'respond-async' : '', seconds === undefined ? '' : `wait=${seconds}`].filter(Boolean)
  if (names.length === 0) return {}
  return { waitMs: Number(seconds ?? 0) * 1000, applied: names.join(', ') }
}
