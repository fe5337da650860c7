/** `gatehouse sessions | guards | receipts ...` */
import type { BulkPreview, Receipt } from '@gatehouse/contract'
import {
  type CommandContext,
  type CommandTable,
  callRevocation,
  type Result,
  receiptResult,
  withoutUndefined,
} from './command.ts'
import { parseTime, requireForm, requireOption, revocationOptions } from './options.ts'
import { card, table } from './table.ts'
import { findUserId, resolveUserId } from './userCommands.ts'

type Json = Record<string, unknown>

async function listSessions(run: CommandContext): Promise<Result> {
  const id = await resolveUserId(run)
  const { body } = await run.api.call<{ sessions: Json[]; ended: Json[] }>(`/admin/users/${id}/sessions`)
  const active = table(body.sessions, {
    device: session => session['device'],
    agent: session => session['agent'],
    address: session => session['address'],
    created: session => session['createdAt'],
    renewed: session => session['renewedAt'],
    id: session => session['id'],
  })
  if (body.ended.length === 0) return { data: body.sessions, text: active }
  const ended = table(body.ended, {
    'ended within 24 hours': session => session['device'],
    address: session => session['address'],
    ended: session => session['endedAt'],
    because: session => session['endedAs'],
    id: session => session['id'],
  })
  return { data: body.sessions, text: `${active}\n\n${ended}` }
}

async function endSession(run: CommandContext): Promise<Result> {
  const id = requireForm(requireOption(run.operands[0], 'SESSION (its id)'), 'a session id')
  return receiptResult(
    (await callRevocation<Receipt>(run, `/admin/sessions/${encodeURIComponent(id)}/end`, { method: 'POST' })).body,
  )
}

async function endMatching(run: CommandContext): Promise<Result> {
  const { account: users, client, device, network, before } = run.options
  const accounts = users && (await Promise.all(users.map(user => findUserId(run.api, user))))
  const createdBefore = before === undefined ? undefined : parseTime(before)
  const criteria = withoutUndefined<unknown>({ accounts, client, device, network, createdBefore })
  const call = (dryRun: boolean) => ({ method: 'POST' as const, body: { criteria, dryRun } })
  const preview = await run.api.call<BulkPreview>('/admin/sessions/end', call(true))
  if (run.options.dryRun) return { data: preview.body, text: card(preview.body) }
  const { sessions, accounts: accountCount } = preview.body
  await run.confirm(`This ends ${sessions} sessions of ${accountCount} accounts.`)
  run.reportProgress(`ending ${sessions} sessions of ${accountCount} accounts`)
  return receiptResult((await callRevocation<Receipt>(run, '/admin/sessions/end', call(false))).body)
}

async function endAllSessions(run: CommandContext): Promise<Result> {
  const confirm = requireOption(run.options.confirm, '--confirm "end every session"')
  const { api, options } = run
  const body = { confirm, ...withoutUndefined({ reason: options.reason }) }
  return receiptResult((await api.call<Receipt>('/admin/sessions/end-all', { method: 'POST', body })).body)
}

async function listGuards({ api }: CommandContext): Promise<Result> {
  const { body } = await api.call<{ guards: Json[] }>('/admin/guards')
  const text = table(body.guards, {
    name: guard => guard['name'],
    version: guard => guard['version'],
    lag: guard => guard['lag'],
    'lease left': guard => `${guard['leaseLeftMs']} ms`,
    'last seen': guard => guard['lastSeenAt'],
    id: guard => guard['guard'],
  })
  return { data: body, text }
}

async function showReceipt(run: CommandContext): Promise<Result> {
  const seq = requireForm(requireOption(run.operands[0], 'SEQ'), 'the number of a receipt')
  const headers = withoutUndefined({ prefer: run.options.wait && `wait=${run.options.wait}` })
  return receiptResult((await run.api.call<Receipt>(`/admin/revocations/${encodeURIComponent(seq)}`, { headers })).body)
}

export const sessionCommands: CommandTable = {
  'sessions list': { description: 'list the sessions of an account', operands: '<user>', run: listSessions },
  'sessions end': {
    description: 'end one session',
    operands: '<session>',
    options: [...revocationOptions, 'yes'],
    isDestructive: true,
    run: endSession,
  },
  'sessions end-matching': {
    description: 'end all sessions that match every given criterion',
    options: ['account', 'client', 'device', 'network', 'before', 'dryRun', 'yes', ...revocationOptions],
    run: endMatching,
  },
  'sessions end-all': {
    description: 'end every session; needs --confirm "end every session"',
    options: ['confirm', 'reason'],
    run: endAllSessions,
  },
  'guards list': { description: 'list the live guards', run: listGuards },
  'receipts show': {
    description: 'show whether a revocation is in force',
    operands: '<seq>',
    options: ['wait'],
    run: showReceipt,
  },
}
