/** Pagination cursors: the keys of a page's last row, as an opaque string. */
import { ProblemError } from '@gatehouse/contract'
import { isDatabaseTime } from './timestamps.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function writeCursor(keys: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url')
}

/** @throws ProblemError `request-malformed` */
export function readAccountCursor(cursor: string | undefined): { createdAt: Date; id: string } | null {
  return readCursor(cursor, ([createdAt, id]) => {
    if (typeof createdAt !== 'number' || typeof id !== 'string' || !uuid.test(id)) return undefined
    const date = new Date(createdAt)
    return isDatabaseTime(date) ? { createdAt: date, id } : undefined
  })
}

/** @throws ProblemError `request-malformed` */
export function readAuditCursor(cursor: string | undefined): bigint | null {
  return readCursor(cursor, ([id]) => (typeof id === 'number' && Number.isSafeInteger(id) ? BigInt(id) : undefined))
}

/** @throws ProblemError `request-malformed` */
export function readRevocationCursor(cursor: string | undefined): number | null {
  return readCursor(cursor, ([seq]) => (typeof seq === 'number' && Number.isSafeInteger(seq) ? seq : undefined))
}

function readCursor<Key>(cursor: string | undefined, parse: (keys: unknown[]) => Key | undefined): Key | null {
  if (cursor === undefined) return null
  const keys = decode(cursor)
  const key = Array.isArray(keys) ? parse(keys) : undefined
  if (key !== undefined) return key
  throw new ProblemError('request-malformed', 'an unknown cursor', {
    fields: [{ field: 'query/cursor', reason: 'must be the nextCursor of an earlier page' }],
  })
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
