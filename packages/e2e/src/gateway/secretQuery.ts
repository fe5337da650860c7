/** The query parameters that the gateway refuses because of their names, as nginx configuration. */
import { generatedNotice } from './problemPages.ts'

/**
 * Lower case, without separators: `refreshtoken` covers `refresh_token`, `refreshToken` and
 * `Refresh-Token`.
 */
export const secretParameters = [
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'clientsecret',
  'clientassertion',
  'password',
  'currentpassword',
  'newpassword',
] as const

/** The map of `$has_secret_in_query`. */
export function secretQuery(): string {
  const lines = secretParameters.map(name => `  "${patternOf(name)}" 1; # ${name}`)
  return [generatedNotice, 'map $args $has_secret_in_query {', ...lines, '  default 0;', '}', ''].join('\n')
}

const separators = '(?:[_.-]|%5f|%2d|%2e)*'

/**
 * Every letter may be percent-encoded. Matches `a[name]=` and `name[]=` too, which some parsers
 * read as nested values.
 */
function patternOf(name: string): string {
  const letters = [...name].map(letter => `(?:${letter}|${encoded(letter)}|${encoded(letter.toUpperCase())})`)
  return `~*(?:^|[&;\\[]|%5b)${letters.join(separators)}(?:(?:[\\[\\]]|%5[bd])[^&;=]*)?=`
}

function encoded(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16)}`
}
