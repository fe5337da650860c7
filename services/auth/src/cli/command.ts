/** The form of a command that calls the API, and of its result. */
import type { Receipt } from '@gatehouse/contract'
import type { Api, ApiCall, ApiResponse } from './api.ts'
import type { Options } from './options.ts'
import type { ReportProgress } from './progress.ts'
import { card } from './table.ts'

/** The exit codes of the process. */
export const exitCodes = {
  done: 0,
  refused: 1,
  usage: 2,
  notLoggedIn: 3,
  /**
   * The revocation is committed and not yet in force: `gatehouse receipts show SEQ` waits for it
   * again.
   */
  notYetInForce: 4,
  /** The service could not be reached, or asks to try again. */
  unavailable: 5,
} as const

export interface CommandContext {
  api: Api
  /** The arguments after the name of the command. */
  operands: readonly string[]
  options: Options
  /**
   * The variable PASSWORD. Secrets are not arguments, because every process of the machine can read
   * those.
   */
  password: string | undefined
  reportProgress: ReportProgress
  /**
   * Asks on the terminal before something is destroyed, unless `--yes` was given.
   * @param effect what the command does, as a sentence
   * @throws UsageError when the answer is not yes, or there is no terminal
   */
  confirm: (effect: string) => Promise<void>
}

export interface Result {
  /** For `--json`. */
  data: unknown
  /** For the terminal. */
  text: string
  code?: number
}

export interface ApiCommand {
  description: string
  /** In the notation of commander, such as `<user>`. */
  operands?: string
  options?: readonly (keyof Options)[]
  /** The command ends sessions, deletes, or withdraws a key: it asks before it runs, unless `--yes` is given. */
  isDestructive?: true
  run: (context: CommandContext) => Promise<Result>
}

/** By the name of the command, such as `users list`. */
export type CommandTable = Readonly<Record<string, ApiCommand>>

/** Calls a route that revokes, with `--wait`, `--reason` and `--myself`. */
export async function callRevocation<Body>(
  { api, options }: CommandContext,
  path: string,
  call: ApiCall,
): Promise<ApiResponse<Body>> {
  const { wait, reason, myself } = options
  const fields = { ...(reason === undefined ? {} : { reason }), ...(myself ? { confirm: 'myself' } : {}) }
  const prefer: Record<string, string> = wait === undefined ? {} : { prefer: `wait=${wait}` }
  return api.call<Body>(path, {
    ...call,
    body: { ...(call.body as object | undefined), ...fields },
    headers: { ...call.headers, ...prefer },
  })
}

/** @param more further members, shown before those of the receipt */
export function receiptResult(receipt: Receipt, more: Record<string, unknown> = {}): Result {
  const { seq, inForce, sessionsEnded, waitedMs, guards } = receipt
  const acknowledged = guards.filter(({ acknowledgedAt }) => acknowledgedAt !== null).length
  const text = card({
    ...more,
    'in force': inForce ? `yes, after ${waitedMs} ms` : `not yet; wait again with: gatehouse receipts show ${seq}`,
    'sessions ended': sessionsEnded,
    guards: guards.length === 0 ? 'none live' : `${acknowledged} of ${guards.length} acknowledged`,
    ...silentGuards(receipt),
    receipt: seq,
  })
  return { data: { ...receipt, ...more }, text, code: inForce ? exitCodes.done : exitCodes.notYetInForce }
}

/** The guards that have not acknowledged, and why a revocation is in force all the same. */
function silentGuards({ guards, inForce }: Receipt): Record<string, string> {
  const silent = guards.filter(({ acknowledgedAt }) => acknowledgedAt === null)
  return Object.fromEntries(
    silent.map(({ name, leaseEndedAt }) => [`silent guard ${name}`, reasonOfSilence(leaseEndedAt, inForce)]),
  )
}

function reasonOfSilence(leaseEndedAt: string | null, inForce: boolean): string {
  if (leaseEndedAt !== null) return `its lease ended at ${leaseEndedAt}: since then it accepts no token`
  return inForce ? 'it has left the feed' : 'it has not acknowledged, and its lease still runs'
}

/** @returns the members that are not undefined */
export function withoutUndefined<Value>(members: Record<string, Value | undefined>): Record<string, Value> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Record<string, Value>
}
