/** `gatehouse sessions | guards | receipts | everyone ...` */
import type { BulkPreview, Receipt } from '@gatehouse/contract'
import { needed, timeOf } from './args.ts'
import { act, type Commands, type Result, type Run, receiptResult } from './command.ts'
import { card, table } from './table.ts'
import { given, userId } from './userCommands.ts'

type Thing = Record<string, unknown>

async function listSessions(run: Run): Promise<Result> {
  const id = await userId(run)
  const { body } = await run.api.call<{ sessions: Thing[] }>(`/admin/users/${id}/sessions`)
  const text = table(body.sessions, {
    device: session => session['device'],
    agent: session => session['agent'],
    address: session => session['address'],
    created: session => session['createdAt'],
    renewed: session => session['renewedAt'],
    id: session => session['id'],
  })
  return { data: body.sessions, text }
}

async function endSession(run: Run): Promise<Result> {
  const id = needed(run.operands[0], 'SESSION (its id)')
  return receiptResult(
    (await act<Receipt>(run, `/admin/sessions/${encodeURIComponent(id)}/end`, { method: 'POST' })).body,
  )
}

async function endMatching(run: Run): Promise<Result> {
  const { account: accounts, client, device, network, before } = run.options
  const createdBefore = before === undefined ? undefined : timeOf(before)
  const criteria = given<unknown>({ accounts, client, device, network, createdBefore })
  const call = (dryRun: boolean) => ({ method: 'POST' as const, body: { criteria, dryRun } })
  const preview = await run.api.call<BulkPreview>('/admin/sessions/end', call(true))
  if (run.options['dry-run']) return { data: preview.body, text: card(preview.body) }
  const { sessions, accounts: people } = preview.body
  run.say(`ending ${sessions} sessions of ${people} accounts`)
  return receiptResult((await act<Receipt>(run, '/admin/sessions/end', call(false))).body)
}

async function endAllSessions(run: Run): Promise<Result> {
  const confirm = needed(run.options.confirm, '--confirm "end every session"')
  const { api, options } = run
  const body = { confirm, ...given({ reason: options.reason }) }
  return receiptResult((await api.call<Receipt>('/admin/sessions/end-all', { method: 'POST', body })).body)
}

async function listGuards({ api }: Run): Promise<Result> {
  const { body } = await api.call<{ guards: Thing[] }>('/admin/guards')
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

async function showReceipt(run: Run): Promise<Result> {
  const seq = needed(run.operands[0], 'SEQ (the number of a receipt)')
  const headers = given({ prefer: run.options.wait && `wait=${run.options.wait}` })
  return receiptResult((await run.api.call<Receipt>(`/admin/revocations/${encodeURIComponent(seq)}`, { headers })).body)
}

export const sessionCommands: Commands = {
  'sessions list': { usage: 'USER', about: 'where somebody is logged in', run: listSessions },
  'sessions end': { usage: 'SESSION', about: 'ends one', run: endSession },
  'sessions end-matching': {
    usage: '[--account ID]... [--client C] [--device PART] [--network CIDR] [--before TIME] [--dry-run]',
    about: 'ends all that fit',
    run: endMatching,
  },
  'sessions end-all': { usage: '--confirm "end every session"', about: 'breaks the glass', run: endAllSessions },
  'guards list': { usage: '', about: 'the live guards', run: listGuards },
  'receipts show': { usage: 'SEQ', about: 'is it in force by now?', run: showReceipt },
}
