/** Pagination cursors: the keys of a page's last row, as an opaque string. */
import { malformed } from '@gatehouse/contract'
import { isDatabaseTime } from './timestamps.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

type Keys = readonly (string | number)[]

/**
 * @param rows up to one more than the limit, which shows that another page follows
 * @param keysOf the keys after which the next page begins
 */
export function pageOf<Row>(rows: readonly Row[], limit: number, keysOf: (last: Row) => Keys) {
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return { page, nextCursor: last === undefined ? null : writeCursor(keysOf(last)) }
}

export function writeCursor(keys: Keys): string {
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
  throw malformed('query/cursor', 'must be the nextCursor of an earlier page')
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
