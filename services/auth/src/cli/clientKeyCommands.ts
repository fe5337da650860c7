/** `gatehouse clients list-keys | add-key | remove-key`: the public keys of a client without a secret (RFC 7523). */
import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ClientView } from '@gatehouse/contract'
import { type CommandContext, type CommandTable, type Result, withoutUndefined } from './command.ts'
import { requireOption, UsageError } from './options.ts'
import { table } from './table.ts'

type Jwk = Record<string, unknown>

async function listKeys(context: CommandContext): Promise<Result> {
  return shown(await readClient(context))
}

/** The keys that are registered stay, so that the client can change over while both are accepted. */
async function addKey(context: CommandContext): Promise<Result> {
  const file = requireOption(context.operands[1], 'FILE (a public key as PEM or JWK)')
  const added = await readPublicKeys(file)
  const client = await readClient(context)
  if (client.keys.length === 0) await context.confirm(`The secret of ${client.id} is refused immediately.`)
  return replaceKeys(context, client, [...client.keys, ...added])
}

async function removeKey(context: CommandContext): Promise<Result> {
  const kid = requireOption(context.operands[1], 'KID')
  const client = await readClient(context)
  const left = client.keys.filter(key => key['kid'] !== kid)
  if (left.length === client.keys.length) throw new UsageError(`${client.id} has no key ${kid}`)
  if (left.length === 0)
    throw new UsageError(`${kid} is the last key of ${client.id}: "clients rotate" replaces it by a secret`)
  return replaceKeys(context, client, left)
}

async function replaceKeys({ api, options }: CommandContext, { id, keys }: ClientView, next: Jwk[]): Promise<Result> {
  const replacedKids = keys.map(({ kid }) => String(kid))
  const body = { jwks: { keys: next }, replacedKids, ...withoutUndefined({ reason: options.reason }) }
  const path = `/admin/clients/${encodeURIComponent(id)}/keys`
  return shown((await api.call<{ client: ClientView }>(path, { method: 'PUT', body })).body.client)
}

async function readClient({ api, operands }: CommandContext): Promise<ClientView> {
  const id = requireOption(operands[0], 'CLIENT (its id)')
  const { clients } = (await api.call<{ clients: ClientView[] }>('/admin/clients')).body
  const client = clients.find(client => client.id === id)
  if (client === undefined) throw new UsageError(`there is no client ${id}`)
  return client
}

/**
 * @returns the keys of a PEM file, a JWK or a JWK Set
 * @throws UsageError when the file cannot be read or holds no public key; a private key is never sent
 */
async function readPublicKeys(file: string): Promise<Jwk[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read: ${error.code}`)
  })
  if (/PRIVATE KEY|"d"\s*:/.test(text))
    throw new UsageError(`${file} has a private key: give the public one (openssl pkey -pubout)`)
  try {
    if (!text.trimStart().startsWith('{')) return [createPublicKey(text).export({ format: 'jwk' }) as Jwk]
    const json = JSON.parse(text) as Jwk
    return Array.isArray(json['keys']) ? json['keys'] : [json]
  } catch {
    throw new UsageError(`${file} is neither a public key as PEM nor a JWK`)
  }
}

function shown({ keys }: ClientView): Result {
  const text = table(keys, { kid: 'kid', type: 'kty', curve: 'crv' })
  return { data: keys, text }
}

export const clientKeyCommands: CommandTable = {
  'clients list-keys': {
    description: 'list the public keys of a service client (private_key_jwt)',
    operands: '<client>',
    run: listKeys,
  },
  'clients add-key': {
    description: 'add a public key (PEM or JWK); a secret of the client is refused from then on',
    operands: '<client> <file>',
    options: ['reason', 'yes'],
    run: addKey,
  },
  'clients remove-key': {
    description: 'refuse what this key signs',
    operands: '<client> <kid>',
    options: ['reason', 'yes'],
    isDestructive: true,
    run: removeKey,
  },
}
