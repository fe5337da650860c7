/** `gatehouse clients | audit ...` */
import type { AuditView, ClientView, Receipt } from '@gatehouse/contract'
import { parseTime, requireOption, UsageError } from './args.ts'
import { type CommandContext, type CommandTable, callRevocation, type Result, receiptResult } from './command.ts'
import { card, table } from './table.ts'
import { withoutUndefined } from './userCommands.ts'

async function listClients({ api }: CommandContext): Promise<Result> {
  const { body } = await api.call<{ clients: ClientView[] }>('/admin/clients')
  const text = table(body.clients, {
    id: ({ id }) => id,
    name: ({ name }) => name,
    scopes: ({ scopes }) => scopes,
    'last used': ({ lastUsedAt }) => lastUsedAt,
    created: ({ createdAt }) => createdAt,
  })
  return { data: body.clients, text }
}

async function createClient({ api, options }: CommandContext): Promise<Result> {
  const { name, scope: scopes = [] } = options
  const body = { id: requireOption(options.id, '--id'), scopes, ...withoutUndefined({ name }) }
  const answer = await api.call<{ client: ClientView; secret: string }>('/admin/clients', { method: 'POST', body })
  const { client, secret } = answer.body
  return { data: answer.body, text: card({ id: client.id, scopes: client.scopes, 'secret, shown once': secret }) }
}

async function rotateClient(run: CommandContext): Promise<Result> {
  const id = requireOption(run.operands[0], 'CLIENT (its id)')
  const overlapSeconds = Number(run.options.overlap ?? 3600)
  if (!Number.isInteger(overlapSeconds)) throw new UsageError('--overlap must be a whole number of seconds')
  const body = { overlapSeconds, ...withoutUndefined({ reason: run.options.reason }) }
  const path = `/admin/clients/${encodeURIComponent(id)}/rotate`
  const answer = await run.api.call<{ secret: string; revocation: Receipt | null }>(path, { method: 'POST', body })
  const { secret, revocation } = answer.body
  const shown = { id, 'secret, shown once': secret }
  const until = { 'old secret is taken for': `${overlapSeconds} seconds` }
  if (revocation === null) return { data: answer.body, text: card({ ...shown, ...until }) }
  return { ...receiptResult(revocation, shown), data: answer.body }
}

async function deleteClient(run: CommandContext): Promise<Result> {
  const id = requireOption(run.operands[0], 'CLIENT (its id)')
  const { reason } = run.options
  const path = `/admin/clients/${encodeURIComponent(id)}`
  const call = { method: 'DELETE' as const, body: withoutUndefined({ reason }) }
  return receiptResult(
    (await callRevocation<Receipt>({ ...run, options: { ...run.options, myself: false } }, path, call)).body,
  )
}

async function listAudit({ api, options }: CommandContext): Promise<Result> {
  const query = new URLSearchParams({ ...filterOf(options), limit: options.limit ?? '50' })
  const { body } = await api.call<{ entries: AuditView[] }>(`/admin/audit?${query}`)
  const text = table(body.entries, {
    at: ({ at }) => at,
    action: ({ action }) => action,
    outcome: ({ outcome }) => outcome,
    actor: ({ actor }) => actor,
    target: ({ target }) => target,
    address: ({ address }) => address,
    receipt: ({ seq }) => seq,
    reason: ({ reason }) => reason,
  })
  return { data: body.entries, text }
}

/** Goes to the standard output as it comes, however long it is. */
async function exportAudit({ api, options, reportProgress }: CommandContext): Promise<Result> {
  const response = await api.stream(`/admin/audit/export?${new URLSearchParams(filterOf(options))}`)
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length
    reportProgress(`${Math.ceil(bytes / 1024)} KiB so far`)
    process.stdout.write(chunk as Uint8Array)
  }
  return { data: undefined, text: '' }
}

function filterOf({ actor, target, action, outcome, from, until }: CommandContext['options']): Record<string, string> {
  const time = (text: string | undefined) => (text === undefined ? undefined : parseTime(text))
  return withoutUndefined({ actor, target, action, outcome, from: time(from), until: time(until) })
}

const filter = '[--actor A] [--target T] [--action A] [--outcome O] [--from TIME] [--until TIME]'
export const clientCommands: CommandTable = {
  'clients list': { usage: '', description: 'service clients and their last use', run: listClients },
  'clients create': {
    usage: '--id ID [--name N] --scope S...',
    description: 'the secret is shown once',
    run: createClient,
  },
  'clients rotate': {
    usage: 'CLIENT [--overlap SECONDS]',
    description: '0: the old secret is void at once',
    run: rotateClient,
  },
  'clients delete': { usage: 'CLIENT', description: 'its tokens and guards are refused', run: deleteClient },
  'audit list': { usage: `${filter} [--limit N]`, description: 'who did what, newest first', run: listAudit },
  'audit export': { usage: filter, description: 'lines of JSON, oldest first', run: exportAudit },
}
