/** Strict JSON: valid UTF-8, no duplicate members, no member names that reach a prototype, no NUL, bounded depth. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text is not strict JSON. The message can be shown to the client: it contains no part of the
 * text.
 */
export class StrictJsonError extends Error {}

/**
 * Decodes UTF-8. `Buffer.toString` would replace invalid bytes silently.
 * @param bytes the encoded text
 * @throws StrictJsonError when the bytes are not valid UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new StrictJsonError('is not valid UTF-8')
  }
}

/**
 * Parses strict JSON.
 * @param text the JSON text
 * @param maxDepth the maximum nesting of objects and arrays
 * @throws StrictJsonError when the text is not JSON, or is ambiguous in a way that `JSON.parse`
 *   accepts
 * @see RFC 8259 section 4
 * @example
 * parseStrictJson('{"a":1,"a":2}', 5) // throws: has a duplicate member
 */
export function parseStrictJson(text: string, maxDepth: number): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new StrictJsonError('is not valid JSON')
  }
  assertStrictJson(text, value, maxDepth)
  return value
}

/**
 * Checks a text that has been parsed already. The parser keeps only the last of duplicate members,
 * however their names are escaped, so a text with duplicates has more names than its value.
 * @param text the JSON text
 * @param value the result of `JSON.parse` for this text
 * @param maxDepth the maximum nesting of objects and arrays
 * @throws StrictJsonError when the text is ambiguous
 */
function assertStrictJson(text: string, value: unknown, maxDepth: number): void {
  // NUL and half a surrogate pair can only appear as escapes.
  const hasEscapes = text.includes('\\')
  let members = 0

  const visit = (value: unknown, depth: number): void => {
    if (typeof value === 'string' && hasEscapes) checkText(value)
    if (typeof value !== 'object' || value === null) return
    if (depth > maxDepth) throw new StrictJsonError(`is nested deeper than ${maxDepth} levels`)
    if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1)
      return
    }
    for (const name of Object.keys(value)) {
      checkName(name)
      if (hasEscapes) checkText(name)
      visit((value as Record<string, unknown>)[name], depth + 1)
      members += 1
    }
  }

  visit(value, 1)
  if (members !== countNames(text, hasEscapes)) throw new StrictJsonError('has a duplicate member')
}

function checkName(name: string): void {
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') {
    throw new StrictJsonError('has a member with a reserved name')
  }
}

/** PostgreSQL rejects NUL, and half a surrogate pair would be stored as another character. */
function checkText(value: string): void {
  if (value.includes('\0')) throw new StrictJsonError('contains a NUL character')
  if (/\p{Surrogate}/u.test(value)) throw new StrictJsonError('contains half a surrogate pair')
}

/** Counts the member names. The text is valid JSON, so they are the strings before a colon. */
function countNames(text: string, hasEscapes: boolean): number {
  let names = 0
  for (let index = text.indexOf('"'); index !== -1; index = text.indexOf('"', index)) {
    index = hasEscapes ? endOfString(text, index) : text.indexOf('"', index + 1) + 1
    if (isBeforeColon(text, index)) names += 1
  }
  return names
}

/** The index after the closing quote. */
function endOfString(text: string, start: number): number {
  let index = start + 1
  for (let code = text.charCodeAt(index); code !== 0x22; code = text.charCodeAt(index)) index += code === 0x5c ? 2 : 1
  return index + 1
}

function isBeforeColon(text: string, end: number): boolean {
  let index = end
  while (isBlank(text.charCodeAt(index))) index += 1
  return text.charCodeAt(index) === 0x3a
}

/** RFC 8259 section 2. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
