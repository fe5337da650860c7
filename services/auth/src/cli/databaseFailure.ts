/** Says in one sentence why a command failed at the database: its configuration, or that it does not answer. */
import { databaseErrorToProblem } from '../http/databaseErrors.ts'
import { exitCodes } from './command.ts'

export interface DatabaseFailure {
  message: string
  code: number
}

/** SQLSTATE of a refused password or role and of an unknown database, and the words of Prisma for the same. */
const refusals = new Set(['28P01', '28000', '3D000', 'P1000', 'P1003', 'P1010'])
const refusalKinds = new Set(['AuthenticationFailed', 'DatabaseAccessDenied', 'DatabaseDoesNotExist'])
/** SQLSTATE of an unknown table, and the same of Prisma. */
const missingTables = new Set(['42P01', 'P2021'])

/** @returns undefined for an error that is not of the database, or not expected of it */
export function databaseFailureOf(error: unknown): DatabaseFailure | undefined {
  const marks = [...marksOf(error, 0)]
  if (marks.some(mark => refusals.has(mark) || refusalKinds.has(mark)))
    return { message: `the database refuses the connection: ${databaseReasonOf(error)}`, code: exitCodes.usage }
  if (marks.some(mark => missingTables.has(mark)))
    return { message: 'the database has no tables of Gatehouse: run gatehouse migrate first', code: exitCodes.usage }
  if (databaseErrorToProblem(error) === undefined) return undefined
  return { message: `the database does not answer: ${databaseReasonOf(error)}`, code: exitCodes.unavailable }
}

/** The words of PostgreSQL or of the socket, without those that Prisma puts around them. */
export function databaseReasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, code } = error as Error & { code?: string }
  // Prisma's messages have several lines; the last one is the reason.
  const last = message.trim().split('\n').at(-1) ?? ''
  const [, inner] = /^Raw query failed\. Code: `[^`]*`\. Message: `(.*)`$/.exec(last) ?? []
  return inner || last || (code ?? 'unknown reason')
}

/** The codes and kinds of an error and of those inside it: Prisma and its adapter wrap those of PostgreSQL. */
function* marksOf(error: unknown, depth: number): Generator<string> {
  if (typeof error !== 'object' || error === null || depth > 5) return
  const { code, originalCode, kind, cause, meta } = error as Record<string, unknown>
  for (const mark of [code, originalCode, kind]) if (typeof mark === 'string') yield mark
  const inner = (meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError
  for (const part of [cause, inner]) yield* marksOf(part, depth + 1)
}
