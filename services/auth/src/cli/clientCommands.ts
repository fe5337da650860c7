/** `gatehouse clients ...` */
import type { ClientRotated, ClientView, ClientWithSecret } from '@gatehouse/contract'
import { type CommandContext, type CommandTable, type Result, withoutUndefined } from './command.ts'
import { parseWhole, requireOption } from './options.ts'
import { callRevocation, receiptResult } from './receipts.ts'
import { card, table } from './table.ts'

async function listClients({ api }: CommandContext): Promise<Result> {
  const { body } = await api.call<{ clients: ClientView[] }>('/admin/clients')
  const text = table(body.clients, {
    id: 'id',
    name: 'name',
    scopes: 'scopes',
    audience: 'audience',
    'last used': 'lastUsedAt',
    created: 'createdAt',
  })
  return { data: body.clients, text }
}

async function createClient({ api, options }: CommandContext): Promise<Result> {
  const { name, audience, scope: scopes = [] } = options
  const body = { id: requireOption(options.id, '--id'), scopes, ...withoutUndefined({ name, audience }) }
  const response = await api.call<ClientWithSecret>('/admin/clients', { method: 'POST', body })
  const { client, secret } = response.body
  return { data: response.body, text: card({ id: client.id, scopes: client.scopes, 'secret, shown once': secret }) }
}

async function rotateClient(run: CommandContext): Promise<Result> {
  const id = requireOption(run.operands[0], 'CLIENT (its id)')
  const overlapSeconds = parseWhole(run.options.overlap ?? '3600', { name: '--overlap', min: 0 })
  if (overlapSeconds === 0) await run.confirm(`The present secret of ${id} is refused immediately.`)
  const path = `/admin/clients/${encodeURIComponent(id)}/rotate`
  const body = await callRevocation<ClientRotated>(run, path, { body: { overlapSeconds } })
  const { secret, revocation } = body
  const shown = { id, 'secret, shown once': secret }
  const overlap = { 'old secret is accepted for': `${overlapSeconds} seconds` }
  if (revocation === null) return { data: body, text: card({ ...shown, ...overlap }) }
  return { ...receiptResult(revocation, shown), data: body }
}

async function deleteClient(run: CommandContext): Promise<Result> {
  const id = requireOption(run.operands[0], 'CLIENT (its id)')
  return receiptResult(await callRevocation(run, `/admin/clients/${encodeURIComponent(id)}`, { method: 'DELETE' }))
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
