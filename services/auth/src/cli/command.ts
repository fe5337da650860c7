/** What a command of the API side is, and how it answers. */
import type { Receipt } from '@gatehouse/contract'
import type { Api, ApiCall, ApiResponse } from './api.ts'
import type { Options } from './args.ts'
import type { ReportProgress } from './progress.ts'
import { card } from './table.ts'

/** For scripts: what the process ends with. */
export const exitCodes = {
  done: 0,
  refused: 1,
  usage: 2,
  notLoggedIn: 3,
  /** Done, and not yet in force everywhere: `gatehouse receipts show SEQ` asks again. */
  notYetInForce: 4,
  /** Nothing is known to have been done: try again. */
  unavailable: 5,
} as const

export interface CommandContext {
  api: Api
  /** What stands after the name of the command. */
  operands: readonly string[]
  options: Options
  /** The variable PASSWORD: nothing secret is an argument, since every process sees those. */
  password: string | undefined
  reportProgress: ReportProgress
}

export interface Result {
  /** For `--json`. */
  data: unknown
  /** For people. */
  text: string
  code?: number
}

export interface Command {
  usage: string
  description: string
  run: (run: CommandContext) => Promise<Result>
}

export type CommandTable = Readonly<Record<string, Command>>

/** A call that revokes, with `--wait`, `--reason` and `--myself`. */
export async function callRevocation<Body>(
  { api, options }: CommandContext,
  path: string,
  call: ApiCall,
): Promise<ApiResponse<Body>> {
  const { wait, reason, myself } = options
  const why = { ...(reason === undefined ? {} : { reason }), ...(myself ? { confirm: 'myself' } : {}) }
  const prefer: Record<string, string> = wait === undefined ? {} : { prefer: `wait=${wait}` }
  return api.call<Body>(path, {
    ...call,
    body: { ...(call.body as object | undefined), ...why },
    headers: { ...call.headers, ...prefer },
  })
}

export function receiptResult(receipt: Receipt, more: Record<string, unknown> = {}): Result {
  const { seq, inForce, sessionsEnded, waitedMs, guards } = receipt
  const acknowledged = guards.filter(({ acknowledgedAt }) => acknowledgedAt !== null).length
  const text = card({
    ...more,
    'in force': inForce ? `yes, after ${waitedMs} ms` : `not yet; ask again: gatehouse receipts show ${seq}`,
    'sessions ended': sessionsEnded,
    guards: guards.length === 0 ? 'none live' : `${acknowledged} of ${guards.length} acknowledged`,
    receipt: seq,
  })
  return { data: { ...receipt, ...more }, text, code: inForce ? exitCodes.done : exitCodes.notYetInForce }
}
