/** JSON taken strictly: no member twice, no name that could reach a prototype, no NUL, bounded depth. */

/** Says what is wrong, in words that may be shown: never a piece of the text. */
export class StrictJsonError extends Error {}

/**
 * Parses and refuses what `JSON.parse` lets pass.
 * @throws StrictJsonError
 */
export function parseStrictJson(text: string, maxDepth: number): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new StrictJsonError('is not valid JSON')
  }
  inspect(text, maxDepth)
  return value
}

/** One pass over a text that is known to be valid: the grammar needs no checking any more, only what the parser forgave. */
function inspect(text: string, maxDepth: number): void {
  // Escapes are rare, and without any a string ends at the next quote.
  const endOf = text.includes('\\') ? endOfString : endOfPlainString
  // The names seen in each open object; null for an array.
  const open: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
        open.push(new Set())
        break
      case 0x5b: // [
        open.push(null)
        break
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        break
      case 0x22: {
        const end = endOf(text, at)
        const names = open.at(-1)
        if (names && isName(text, end)) checkName(text.slice(at, end), names)
        at = end - 1
      }
    }
    if (open.length > maxDepth) throw new StrictJsonError(`is nested deeper than ${maxDepth} levels`)
  }
}

function endOfPlainString(text: string, start: number): number {
  return text.indexOf('"', start + 1) + 1
}

/** The place after the closing quote. Escapes are looked at on the way, since only they can hide NUL and lone surrogates. */
function endOfString(text: string, start: number): number {
  let hasUnicodeEscape = false
  let at = start + 1
  for (let code = text.charCodeAt(at); code !== 0x22; code = text.charCodeAt(at)) {
    const isEscape = code === 0x5c
    if (isEscape && text.charCodeAt(at + 1) === 0x75) hasUnicodeEscape = true
    at += isEscape ? 2 : 1
  }
  if (hasUnicodeEscape) checkText(JSON.parse(text.slice(start, at + 1)))
  return at + 1
}

/** Postgres stores neither: the first is refused by it, the second silently becomes another character. */
function checkText(value: string): void {
  if (value.includes('\0')) throw new StrictJsonError('contains a NUL character')
  if (/\p{Surrogate}/u.test(value)) throw new StrictJsonError('contains half a surrogate pair')
}

function isName(text: string, end: number): boolean {
  let at = end
  while (isBlank(text.charCodeAt(at))) at += 1
  return text.charCodeAt(at) === 0x3a
}

/** RFC 8259 section 2. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function checkName(quoted: string, names: Set<string>): void {
  const name: string = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1)
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') {
    throw new StrictJsonError('has a member with a reserved name')
  }
  if (names.has(name)) throw new StrictJsonError('has the same member twice')
  names.add(name)
}
