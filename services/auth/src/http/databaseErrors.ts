/** Tells an unreachable or overrun database from a mistake of ours. */
import { ProblemError } from '@gatehouse/contract'

/** Prisma's codes for: cannot reach, timed out, closed, pool or transaction not to be had in time. */
const prismaCodes = new Set([
  'P1000',
  'P1001',
  'P1002',
  'P1008',
  'P1010',
  'P1011',
  'P1017',
  'P2024',
  'P2028',
  'P2034',
  'P2037',
])
/** The same as Prisma's driver adapters put it: a raw query that fails shows only this. */
const adapterKinds = new Set([
  'AuthenticationFailed',
  'ConnectionClosed',
  'DatabaseAccessDenied',
  'DatabaseDoesNotExist',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
  'TransactionAlreadyClosed',
  'TransactionWriteConflict',
])
/** Classes of SQLSTATE: connection, resources, operator intervention, system error, transaction rollback; and read-only. */
const sqlStates = /^(08|53|57|58|40)|^25006$/
const socketCodes = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/
const poolWords =
  /timeout exceeded when trying to connect|Connection terminated|connection timeout|is not queryable|Cannot use a pool after calling end/i

/** The refusal that such an error is, or nothing for any other: "I cannot tell now" is 503, never 401. */
export function databaseErrorToProblem(error: unknown): ProblemError | undefined {
  return isUnavailable(error, 0)
    ? new ProblemError('unavailable', 'the database did not answer', { cause: error })
    : undefined
}

function isUnavailable(error: unknown, depth: number): boolean {
  if (typeof error !== 'object' || error === null || depth > 5) return false
  const { code, message, cause, meta, originalCode, kind } = error as Record<string, unknown>
  if (typeof kind === 'string' && adapterKinds.has(kind)) return true
  if (typeof code === 'string' && (prismaCodes.has(code) || socketCodes.test(code))) return true
  if ([code, originalCode].some(state => typeof state === 'string' && state.length === 5 && sqlStates.test(state)))
    return true
  if (typeof message === 'string' && poolWords.test(message)) return true
  const inner = (meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError
  const nested = Array.isArray((error as AggregateError).errors) ? (error as AggregateError).errors : []
  return [cause, inner, ...nested].some(part => isUnavailable(part, depth + 1))
}
