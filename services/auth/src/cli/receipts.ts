/** Calls routes that revoke, and shows their receipts. */
import type { Receipt } from '@gatehouse/contract'
import type { ApiCall } from './api.ts'
import { type CommandContext, exitCodes, type Result, withoutUndefined } from './command.ts'
import { card } from './table.ts'

/**
 * Calls a route that revokes, with `--wait`, `--reason` and `--myself`.
 * @returns the body of the response
 */
export async function callRevocation<Body = Receipt>(
  { api, options }: CommandContext,
  path: string,
  { body, headers, method = 'POST' }: ApiCall = {},
): Promise<Body> {
  const { wait, reason, myself } = options
  const fields = withoutUndefined({ reason, confirm: myself ? 'myself' : undefined })
  const prefer = withoutUndefined({ prefer: wait && `wait=${wait}` })
  const call = { method, body: { ...(body as object | undefined), ...fields }, headers: { ...headers, ...prefer } }
  return (await api.call<Body>(path, call)).body
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
