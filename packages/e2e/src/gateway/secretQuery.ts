/** The query parameters that the gateway refuses because of their names or values, as nginx configuration. */
import { generatedNotice } from './problemPages.ts'

/** Lower case, no separators: `refreshtoken` covers `refresh_token` and `Refresh-Token`. */
export const secretParameters = [
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'clientsecret',
  'clientassertion',
  'password',
  'currentpassword',
  'newpassword',
  'subjecttoken',
  'actortoken',
  'devicecode',
] as const

/** The map of `$has_secret_in_query`. */
export function secretQuery(): string {
  const lines = secretParameters.map(name => `  "${patternOf(name)}" 1; # ${name}`)
  const value = `  "${secretValue}" 1; # ghr_, ghc_, ghd_ and gha_ under any name`
  return [generatedNotice, 'map $args $has_secret_in_query {', ...lines, value, '  default 0;', '}', ''].join('\n')
}

/** Refresh tokens, client secrets, tokens of known devices and device codes have a prefix. */
const secretValue = `~*(?:=|%3d)${['g', 'h'].map(letter => anySpelling(letter)).join('')}(?:${[...'rcda']
  .map(letter => anySpelling(letter))
  .join('|')})(?:_|%5f)[\\w%-]{20}`

const separators = '(?:[_.-]|%5f|%2d|%2e)*'

/** Every letter may be percent-encoded. Matches `a[name]=` and `name[]=`, nested values, too. */
function patternOf(name: string): string {
  const letters = [...name].map(anySpelling)
  return `~*(?:^|[&;\\[]|%5b)${letters.join(separators)}(?:(?:[\\[\\]]|%5[bd])[^&;=]*)?=`
}

function anySpelling(letter: string): string {
  return `(?:${letter}|${encoded(letter)}|${encoded(letter.toUpperCase())})`
}

function encoded(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16)}`
}
