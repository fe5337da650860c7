/** Distinguishes an unreachable or overloaded database from a programming error. */
import { ProblemError } from '@gatehouse/contract'

/** Prisma's codes for an unreachable database, time-outs, closed connections and an exhausted pool. */
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
/** The same conditions in the words of Prisma's driver adapters: all that a failed raw query carries. */
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
/** SQLSTATE classes: connection, resources, operator intervention, system error, transaction rollback; and read-only. */
const sqlStates = /^(08|53|57|58|40)|^25006$/
const socketCodes = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/
const poolWords =
  /timeout exceeded when trying to connect|Connection terminated|connection timeout|timeout expired|Query read timeout|is not queryable|Cannot use a pool after calling end|no host accepts writes/i

/** @returns `unavailable` (503, never 401) for a database that cannot answer; undefined for any other error */
export function databaseErrorToProblem(error: unknown): ProblemError | undefined {
  return someCause(error, isUnavailable)
    ? new ProblemError('unavailable', 'the database did not answer', { cause: error })
    : undefined
}

/** @returns whether PostgreSQL rolled the transaction back because of another (SQLSTATE class 40): it can be repeated */
export function isConflict(error: unknown): boolean {
  return someCause(error, ({ code, originalCode, kind }) => {
    const isState = [code, originalCode].some(state => typeof state === 'string' && /^40\w{3}$/.test(state))
    return isState || code === 'P2034' || kind === 'TransactionWriteConflict'
  })
}

function isUnavailable({ code, message, originalCode, kind }: Record<string, unknown>): boolean {
  if (typeof kind === 'string' && adapterKinds.has(kind)) return true
  if (typeof code === 'string' && (prismaCodes.has(code) || socketCodes.test(code))) return true
  if ([code, originalCode].some(state => typeof state === 'string' && state.length === 5 && sqlStates.test(state)))
    return true
  return typeof message === 'string' && poolWords.test(message)
}

/** Drivers and Prisma wrap an error several times. */
function someCause(error: unknown, test: (error: Record<string, unknown>) => boolean, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 5) return false
  if (test(error as Record<string, unknown>)) return true
  const { cause, meta } = error as Record<string, unknown>
  const inner = (meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError
  const nested = Array.isArray((error as AggregateError).errors) ? (error as AggregateError).errors : []
  return [cause, inner, ...nested].some(part => someCause(part, test, depth + 1))
}
