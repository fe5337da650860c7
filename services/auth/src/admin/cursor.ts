/** Where a page ended, as an opaque text: the keys of its last row. */
import { ProblemError } from '@gatehouse/contract'

export function writeCursor(keys: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url')
}

/**
 * @returns the keys as they were written, or null when there is no cursor
 * @throws Refusal `request-malformed`
 */
export function readCursor<Key>(cursor: string | undefined, parse: (keys: unknown[]) => Key | undefined): Key | null {
  if (cursor === undefined) return null
  const keys = decode(cursor)
  const key = Array.isArray(keys) ? parse(keys) : undefined
  if (key !== undefined) return key
  throw new ProblemError('request-malformed', 'a cursor that is not ours', {
    fields: [{ field: 'query/cursor', reason: 'is not one that an earlier page gave' }],
  })
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
