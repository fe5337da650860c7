/** How long the caller of a revocation wants to wait: `Prefer: wait=N` (RFC 7240 section 4.3). */
import { ProblemError } from '@gatehouse/contract'
import type { FastifyRequest } from 'fastify'

/**
 * @param maxMs when a revocation is in force at the latest: what is waited when nothing is said
 * @returns milliseconds
 */
export function waitPreference(request: FastifyRequest, maxMs: number): number {
  const header = request.headers.prefer
  if (header === undefined) return maxMs
  const preferences = String(header)
    .split(',')
    .map(part => part.trim().toLowerCase())
  if (preferences.includes('respond-async')) return 0
  const wait = preferences.find(part => part.startsWith('wait'))
  if (wait === undefined) return maxMs
  const seconds = /^wait\s*=\s*"?(\d{1,5})"?$/.exec(wait)?.[1]
  if (seconds === undefined) {
    const field = { field: 'headers/prefer', reason: 'wait must be a whole number of seconds' }
    throw new ProblemError('request-malformed', 'a bad Prefer header', { fields: [field] })
  }
  return Math.min(Number(seconds) * 1000, maxMs)
}
