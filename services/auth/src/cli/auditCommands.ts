/** `gatehouse audit ...` */
import { once } from 'node:events'
import type { AuditView } from '@gatehouse/contract'
import type { Api } from './api.ts'
import { type CommandContext, type CommandTable, type Result, withoutUndefined } from './command.ts'
import { type Options, parseTime } from './options.ts'
import { table } from './table.ts'
import { emailsOf, findUserId } from './userCommands.ts'

async function listAudit({ api, options }: CommandContext): Promise<Result> {
  const query = new URLSearchParams({ ...(await filterOf(api, options)), limit: options.limit ?? '50' })
  const { body } = await api.call<{ entries: AuditView[] }>(`/admin/audit?${query}`)
  const emails = await emailsOf(
    api,
    body.entries.flatMap(({ actor, target }) => [actor, target]),
  )
  const named = (id: string | null) => emails.get(id ?? '') ?? id
  const text = table(body.entries, {
    at: 'at',
    action: 'action',
    outcome: 'outcome',
    actor: ({ actor }) => named(actor),
    target: ({ target }) => named(target),
    address: 'address',
    receipt: 'seq',
    reason: 'reason',
  })
  return { data: body.entries, text }
}

/**
 * Writes each chunk to the standard output as it arrives, so that an export of any length needs
 * little memory.
 */
async function exportAudit({ api, options, reportProgress }: CommandContext): Promise<Result> {
  const response = await api.stream(`/admin/audit/export?${new URLSearchParams(await filterOf(api, options))}`)
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length
    reportProgress(`${Math.ceil(bytes / 1024)} KiB so far`)
    if (!process.stdout.write(chunk as Uint8Array)) await once(process.stdout, 'drain')
  }
  return { data: undefined, text: '' }
}

async function filterOf(api: Api, options: Options): Promise<Record<string, string>> {
  const { action, outcome, from, until } = options
  const time = (text: string | undefined) => (text === undefined ? undefined : parseTime(text))
  const id = async (user: string | undefined) => (user?.includes('@') ? findUserId(api, user) : user)
  const [actor, target] = await Promise.all([id(options.actor), id(options.target)])
  return withoutUndefined({ actor, target, action, outcome, from: time(from), until: time(until) })
}

const filter = ['actor', 'target', 'action', 'outcome', 'from', 'until'] as const

export const auditCommands: CommandTable = {
  'audit list': { description: 'list entries, newest first', options: [...filter, 'limit'], run: listAudit },
  'audit export': { description: 'export entries as lines of JSON, oldest first', options: filter, run: exportAudit },
}
