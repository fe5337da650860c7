/** Headers of every response of the auth service: what a route or page does not replace. */
import { securityHeaders } from '@gatehouse/http'
import type { Config } from '../config.ts'

/**
 * No response is stored, but for public documents and the files of pages, which say otherwise (RFC 6749 section 5.1).
 * @param settings with `HSTS_SECONDS` 0, Strict-Transport-Security is left to the gateway
 * @returns the headers by name
 */
export function responseHeaders(settings: Pick<Config, 'HSTS_SECONDS' | 'HSTS_SUBDOMAINS'>): Record<string, string> {
  const { HSTS_SECONDS, HSTS_SUBDOMAINS } = settings
  const headers = { ...securityHeaders, 'cache-control': 'no-store' }
  if (HSTS_SECONDS === 0) return headers
  const hsts = `max-age=${HSTS_SECONDS}${HSTS_SUBDOMAINS ? '; includeSubDomains' : ''}`
  return { ...headers, 'strict-transport-security': hsts }
}
