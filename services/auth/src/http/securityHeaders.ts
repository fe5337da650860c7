/** Security headers of every response of the auth service: the common ones, and HSTS by setting. */
import { securityHeaders } from '@gatehouse/http'
import type { Config } from '../config.ts'

/**
 * @param settings with `HSTS_SECONDS` 0, Strict-Transport-Security is left to the gateway
 * @returns the headers by name
 */
export function responseHeaders(settings: Pick<Config, 'HSTS_SECONDS' | 'HSTS_SUBDOMAINS'>): Record<string, string> {
  const { HSTS_SECONDS, HSTS_SUBDOMAINS } = settings
  if (HSTS_SECONDS === 0) return securityHeaders
  const hsts = `max-age=${HSTS_SECONDS}${HSTS_SUBDOMAINS ? '; includeSubDomains' : ''}`
  return { ...securityHeaders, 'strict-transport-security': hsts }
}
