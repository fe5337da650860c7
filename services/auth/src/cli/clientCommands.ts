/** `gatehouse clients ...` */
import type { ClientView, Receipt } from '@gatehouse/contract'
import { type CommandContext, type CommandTable, type Result, receiptResult, withoutUndefined } from './command.ts'
import { parseWhole, requireOption } from './options.ts'
import { card, table } from './table.ts'

async function listClients({ api }: CommandContext): Promise<Result> {
  const { body } = await api.call<{ clients: ClientView[] }>('/admin/clients')
  const text = table(body.clients, {
    id: ({ id }) => id,
    name: ({ name }) => name,
    scopes: ({ scopes }) => scopes,
    audience: ({ audience }) => audience,
    'last used': ({ lastUsedAt }) => lastUsedAt,
    created: ({ createdAt }) => createdAt,
  })
  return { data: body.clients, text }
}

async function createClient({ api, options }: CommandContext): Promise<Result> {
  const { name, audience, scope: scopes = [] } = options
  const body = { id: requireOption(options.id, '--id'), scopes, ...withoutUndefined({ name, audience }) }
  const response = await api.call<{ client: ClientView; secret: string }>('/admin/clients', { method: 'POST', body })
  const { client, secret } = response.body
  return { data: response.body, text: card({ id: client.id, scopes: client.scopes, 'secret, shown once': secret }) }
}

async function rotateClient(run: CommandContext): Promise<Result> {
  const { api, operands, options } = run
  const id = requireOption(operands[0], 'CLIENT (its id)')
  const overlapSeconds = parseWhole(options.overlap ?? '3600', { name: '--overlap', min: 0 })
  const body = { overlapSeconds, ...withoutUndefined({ reason: options.reason }) }
  if (overlapSeconds === 0) await run.confirm(`The present secret of ${id} is refused immediately.`)
  const path = `/admin/clients/${encodeURIComponent(id)}/rotate`
  const response = await api.call<{ secret: string; revocation: Receipt | null }>(path, { method: 'POST', body })
  const { secret, revocation } = response.body
  const shown = { id, 'secret, shown once': secret }
  const overlap = { 'old secret is accepted for': `${overlapSeconds} seconds` }
  if (revocation === null) return { data: response.body, text: card({ ...shown, ...overlap }) }
  return { ...receiptResult(revocation, shown), data: response.body }
}

async function deleteClient({ api, operands, options }: CommandContext): Promise<Result> {
  const id = requireOption(operands[0], 'CLIENT (its id)')
  const { reason, wait } = options
  const headers = withoutUndefined({ prefer: wait === undefined ? undefined : `wait=${wait}` })
  const call = { method: 'DELETE', body: withoutUndefined({ reason }), headers } as const
  return receiptResult((await api.call<Receipt>(`/admin/clients/${encodeURIComponent(id)}`, call)).body)
}

export const clientCommands: CommandTable = {
  'clients list': { description: 'list service clients and their last use', run: listClients },
  'clients create': {
    description: 'create a service client; the secret is shown once',
    options: ['id', 'name', 'scope', 'audience'],
    run: createClient,
  },
  'clients rotate': {
    description: 'replace the secret; with --overlap 0 the old one is refused immediately',
    operands: '<client>',
    options: ['overlap', 'reason', 'yes'],
    run: rotateClient,
  },
  'clients delete': {
    description: 'delete a service client; its tokens and guards are refused',
    operands: '<client>',
    options: ['reason', 'wait', 'yes'],
    isDestructive: true,
    run: deleteClient,
  },
}
