/** `gatehouse sessions | guards | receipts ...` */
import type { BulkPreview, GuardList, Receipt, SessionDetails } from '@gatehouse/contract'
import { type CommandContext, type CommandTable, type Result, withoutUndefined } from './command.ts'
import { parseTime, requireForm, requireOption, revocationOptions } from './options.ts'
import { callRevocation, receiptResult } from './receipts.ts'
import { card, table } from './table.ts'
import { findUserId, resolveUserId } from './userCommands.ts'

async function listSessions(run: CommandContext): Promise<Result> {
  const id = await resolveUserId(run)
  const { sessions, ended } = (await run.api.call<SessionDetails>(`/admin/users/${id}/sessions`)).body
  const active = table(sessions, {
    device: 'device',
    agent: 'agent',
    address: 'address',
    created: 'createdAt',
    renewed: 'renewedAt',
    id: 'id',
  })
  if (ended.length === 0) return { data: sessions, text: active }
  const over = table(ended, {
    'ended within 24 hours': 'device',
    address: 'address',
    ended: 'endedAt',
    because: 'endedAs',
    id: 'id',
  })
  return { data: sessions, text: `${active}\n\n${over}` }
}

async function endSession(run: CommandContext): Promise<Result> {
  const id = requireForm(requireOption(run.operands[0], 'SESSION (its id)'), 'a session id')
  return receiptResult(await callRevocation(run, `/admin/sessions/${id}/end`))
}

async function endMatching(run: CommandContext): Promise<Result> {
  const { account: users, client, device, network, before } = run.options
  const accounts = users && (await Promise.all(users.map(user => findUserId(run.api, user))))
  const createdBefore = before === undefined ? undefined : parseTime(before)
  const criteria = withoutUndefined<unknown>({ accounts, client, device, network, createdBefore })
  const path = '/admin/sessions/end'
  const preview = { method: 'POST', body: { criteria, dryRun: true } } as const
  const { body } = await run.api.call<BulkPreview>(path, preview)
  if (run.options.dryRun) return { data: body, text: card(body) }
  const extent = `${body.sessions} sessions of ${body.accounts} accounts`
  await run.confirm(`This ends ${extent}.`)
  run.reportProgress(`ending ${extent}`)
  return receiptResult(await callRevocation(run, path, { body: { criteria, dryRun: false } }))
}

async function endAllSessions(run: CommandContext): Promise<Result> {
  const confirm = requireOption(run.options.confirm, '--confirm "end every session"')
  return receiptResult(await callRevocation(run, '/admin/sessions/end-all', { body: { confirm } }))
}

async function listGuards({ api }: CommandContext): Promise<Result> {
  const { body } = await api.call<GuardList>('/admin/guards')
  const text = table(body.guards, {
    name: 'name',
    version: 'version',
    lag: 'lag',
    'lease left': ({ leaseLeftMs }) => `${leaseLeftMs} ms`,
    'last seen': 'lastSeenAt',
    id: 'guard',
  })
  return { data: body, text }
}

async function showReceipt({ api, operands, options }: CommandContext): Promise<Result> {
  const seq = requireForm(requireOption(operands[0], 'SEQ'), 'the number of a receipt')
  const headers = withoutUndefined({ prefer: options.wait && `wait=${options.wait}` })
  return receiptResult((await api.call<Receipt>(`/admin/revocations/${seq}`, { headers })).body)
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
