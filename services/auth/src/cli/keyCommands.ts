/** `gatehouse keys ...` */
import type { KeyAnnounced, KeyView } from '@gatehouse/contract'
import { type CommandContext, type CommandTable, type Result, withoutUndefined } from './command.ts'
import { requireForm, requireOption } from './options.ts'
import { callRevocation, receiptResult } from './receipts.ts'
import { card, table } from './table.ts'

async function listKeys({ api }: CommandContext): Promise<Result> {
  const { keys } = (await api.call<{ keys: KeyView[] }>('/admin/keys')).body
  const text = table(keys, {
    kid: 'kid',
    algorithm: 'algorithm',
    state: 'state',
    'private key': 'stored',
    guards: heldBy,
    announced: 'announcedAt',
  })
  return { data: keys, text }
}

async function announceKey(run: CommandContext): Promise<Result> {
  const body = await announce(run)
  return { ...receiptResult(body.announcement, { kid: body.key.kid }), data: body }
}

async function activateKey(run: CommandContext): Promise<Result> {
  return activate(run, kidOf(run))
}

/** Announces a key and activates it: what a regular rotation needs. */
async function rotateKey(run: CommandContext): Promise<Result> {
  const { key } = await announce(run)
  return activate(run, key.kid)
}

async function withdrawKey(run: CommandContext): Promise<Result> {
  return receiptResult(await callRevocation(run, `/admin/keys/${encodeURIComponent(kidOf(run))}/withdraw`))
}

function kidOf({ operands }: CommandContext): string {
  return requireForm(requireOption(operands[0], 'KID'), 'the id of a key')
}

function announce(run: CommandContext): Promise<KeyAnnounced> {
  const { algorithm } = run.options
  return callRevocation(run, '/admin/keys', { body: withoutUndefined({ algorithm }) })
}

async function activate(run: CommandContext, kid: string): Promise<Result> {
  const { key } = await callRevocation<{ key: KeyView }>(run, `/admin/keys/${encodeURIComponent(kid)}/activate`)
  return { data: key, text: card({ kid: key.kid, state: key.state, guards: heldBy(key) }) }
}

function heldBy({ guards }: KeyView): string {
  if (guards.length === 0) return 'none live'
  return `${guards.filter(({ holds }) => holds).length} of ${guards.length}`
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
