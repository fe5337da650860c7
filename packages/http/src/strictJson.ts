/** JSON taken strictly: UTF-8, no member twice, no name that could reach a prototype, no NUL, bounded depth. */
import { isUtf8 } from 'node:buffer'

/** Says what is wrong, in words that may be shown: never a piece of the text. */
export class StrictJsonError extends Error {}

/**
 * Refuses what `toString` would silently make other characters of.
 * @throws StrictJsonError
 */
export function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new StrictJsonError('is not valid UTF-8')
  return bytes.toString('utf8')
}

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
  assertStrictJson(text, value, maxDepth)
  return value
}

/**
 * Of two members with one name, however it is spelt, the parser has kept the last: then the text has more names than the value.
 * @param value what `JSON.parse` made of this text
 * @throws StrictJsonError
 */
export function assertStrictJson(text: string, value: unknown, maxDepth: number): void {
  // Only an escape can hide NUL or half a surrogate pair.
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
  if (members !== countNames(text, hasEscapes)) throw new StrictJsonError('has the same member twice')
}

function checkName(name: string): void {
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') {
    throw new StrictJsonError('has a member with a reserved name')
  }
}

/** Postgres stores neither: the first is refused by it, the second silently becomes another character. */
function checkText(value: string): void {
  if (value.includes('\0')) throw new StrictJsonError('contains a NUL character')
  if (/\p{Surrogate}/u.test(value)) throw new StrictJsonError('contains half a surrogate pair')
}

/** How many strings of a text are names of members: the text is known to be valid, so they are those before a colon. */
function countNames(text: string, hasEscapes: boolean): number {
  let names = 0
  for (let index = text.indexOf('"'); index !== -1; index = text.indexOf('"', index)) {
    index = hasEscapes ? endOfString(text, index) : text.indexOf('"', index + 1) + 1
    if (isBeforeColon(text, index)) names += 1
  }
  return names
}

/** The place after the closing quote. */
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
