/** Explains the difference between two issuers, which are compared as strings (RFC 9068 section 4). */

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * @param expected the guard's option `issuer`
 * @param received the `iss` of the auth service or of a token
 * @returns both values and the likely mistake
 * @example
 * issuerMismatch('http://localhost:3000/', 'http://localhost:3000')
 * // expected "http://localhost:3000/", received "http://localhost:3000": they differ in a trailing slash
 */
export function issuerMismatch(expected: string, received: string): string {
  return `expected "${expected}", received "${received}": ${mistake(expected, received)}`
}

function mistake(expected: string, received: string): string {
  if (withoutSlash(expected) === withoutSlash(received)) return 'they differ in a trailing slash'
  if (URL.canParse(expected) && URL.canParse(received)) {
    const [guardUrl, authUrl] = [new URL(expected), new URL(received)]
    if (loopbackNames.has(guardUrl.hostname) && loopbackNames.has(authUrl.hostname) && guardUrl.port === authUrl.port)
      return `they name the same host as ${guardUrl.hostname} and ${authUrl.hostname}`
    if (guardUrl.host === authUrl.host && guardUrl.protocol !== authUrl.protocol) return 'they differ in http and https'
  }
  return 'the guard needs the ISSUER of the auth service'
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}
