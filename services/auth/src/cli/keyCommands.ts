/** `gatehouse keys ...` */
import type { KeyView, Receipt } from '@gatehouse/contract'
import { type CommandContext, type CommandTable, type Result, receiptResult, withoutUndefined } from './command.ts'
import { requireForm, requireOption } from './options.ts'
import { card, table } from './table.ts'

async function listKeys({ api }: CommandContext): Promise<Result> {
  const { keys } = (await api.call<{ keys: KeyView[] }>('/admin/keys')).body
  const text = table(keys, {
    kid: ({ kid }) => kid,
    algorithm: ({ algorithm }) => algorithm,
    state: ({ state }) => state,
    'private key': ({ stored }) => stored,
    guards: key => heldBy(key),
    announced: ({ announcedAt }) => announcedAt,
  })
  return { data: keys, text }
}

async function announceKey(context: CommandContext): Promise<Result> {
  const { algorithm, reason } = context.options
  const body = withoutUndefined({ algorithm, reason })
  const call = { method: 'POST', body, headers: waitHeader(context) } as const
  const { key, announcement } = (await context.api.call<KeyAnnouncement>('/admin/keys', call)).body
  return { ...receiptResult(announcement, { kid: key.kid }), data: { key, announcement } }
}

async function activateKey(context: CommandContext): Promise<Result> {
  return activated(await activate(context, kidOf(context)))
}

/** Announces a key and activates it: what a regular rotation needs. */
async function rotateKey(context: CommandContext): Promise<Result> {
  const { algorithm, reason } = context.options
  const call = { method: 'POST', body: withoutUndefined({ algorithm, reason }) } as const
  const { key } = (await context.api.call<KeyAnnouncement>('/admin/keys', call)).body
  return activated(await activate(context, key.kid))
}

async function withdrawKey(context: CommandContext): Promise<Result> {
  const kid = kidOf(context)
  const body = withoutUndefined({ reason: context.options.reason })
  const call = { method: 'POST', body, headers: waitHeader(context) } as const
  return receiptResult((await context.api.call<Receipt>(`/admin/keys/${encodeURIComponent(kid)}/withdraw`, call)).body)
}

function kidOf({ operands }: CommandContext): string {
  return requireForm(requireOption(operands[0], 'KID'), 'the id of a key')
}

interface KeyAnnouncement {
  key: KeyView
  announcement: Receipt
}

async function activate(context: CommandContext, kid: string): Promise<KeyView> {
  const body = withoutUndefined({ reason: context.options.reason })
  const call = { method: 'POST', body, headers: waitHeader(context) } as const
  return (await context.api.call<{ key: KeyView }>(`/admin/keys/${encodeURIComponent(kid)}/activate`, call)).body.key
}

function activated(key: KeyView): Result {
  return { data: key, text: card({ kid: key.kid, state: key.state, guards: heldBy(key) }) }
}

function heldBy({ guards }: KeyView): string {
  if (guards.length === 0) return 'none live'
  return `${guards.filter(({ holds }) => holds).length} of ${guards.length}`
}

function waitHeader({ options: { wait } }: CommandContext): Record<string, string> {
  return wait === undefined ? {} : { prefer: `wait=${wait}` }
}

export const keyCommands: CommandTable = {
  'keys list': { description: 'list the keys that sign access tokens, and which guards hold them', run: listKeys },
  'keys rotate': {
    description: 'create a key, and sign with it once every live guard holds it',
    options: ['algorithm', 'reason'],
    run: rotateKey,
  },
  'keys announce': {
    description: 'create a key and announce it to the guards; it signs nothing yet',
    options: ['algorithm', 'reason', 'wait'],
    run: announceKey,
  },
  'keys activate': {
    description: 'sign new tokens with this key; waits until every live guard holds it',
    operands: '<kid>',
    options: ['reason', 'wait'],
    run: activateKey,
  },
  'keys withdraw': {
    description: 'refuse every token that this key signed, at every guard',
    operands: '<kid>',
    options: ['reason', 'wait', 'yes'],
    isDestructive: true,
    run: withdrawKey,
  },
}
