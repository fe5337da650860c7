/** Reads every value of a cookie: @fastify/cookie keeps only the first value of a name. */

/**
 * @param header the Cookie header (RFC 6265 section 4.2.1)
 * @returns the distinct values under the name, in the order of the header; the limit on headers bounds their number
 */
export function parseCookie(header: string, name: string): string[] {
  const values = header
    .split(';')
    .map(pair => pair.trim())
    .filter(pair => pair.startsWith(`${name}=`))
    .map(pair => pair.slice(name.length + 1).replace(/^"(.*)"$/, '$1'))
  return [...new Set(values)].filter(value => value !== '')
}
