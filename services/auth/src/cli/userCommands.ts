/** `gatehouse users ...` */
import { randomBytes } from 'node:crypto'
import type { ResetCodeIssued, UserChanged, UserDetail, UserPage, UserView } from '@gatehouse/contract'
import { type Api, ApiError } from './api.ts'
import { type ApiCommand, type CommandContext, type CommandTable, type Result, withoutUndefined } from './command.ts'
import { parseWhole, requireForm, requireOption, revocationOptions, UsageError, uuid } from './options.ts'
import { callRevocation, receiptResult } from './receipts.ts'
import { card, table } from './table.ts'

/** Fetches as many pages as `--limit` needs. */
async function listUsers({ api, options, reportProgress }: CommandContext): Promise<Result> {
  const { email, state, role: [role] = [] } = options
  const maxUsers = parseWhole(options.limit ?? '50', { name: '--limit', min: 1 })
  const users: UserView[] = []
  let cursor: string | null | undefined
  do {
    const limit = String(Math.min(100, maxUsers - users.length))
    const query = new URLSearchParams(withoutUndefined({ email, state, role, limit, cursor: cursor ?? undefined }))
    const { body } = await api.call<UserPage>(`/admin/users?${query}`)
    users.push(...body.users)
    reportProgress(`${users.length} accounts so far`)
    cursor = body.nextCursor
  } while (cursor && users.length < maxUsers)
  const text = table(users, {
    email: 'email',
    state: 'state',
    roles: 'roles',
    scopes: 'scopes',
    sessions: 'sessions',
    'last seen': 'lastSeenAt',
    id: 'id',
  })
  return { data: users, text }
}

async function showUser(run: CommandContext): Promise<Result> {
  const id = await resolveUserId(run)
  const { body } = await run.api.call<UserDetail>(`/admin/users/${id}`)
  const sessions = table(body.sessions, {
    device: 'device',
    agent: 'agent',
    address: 'address',
    renewed: ({ renewedAt, createdAt }) => renewedAt ?? createdAt,
    id: 'id',
  })
  return { data: body, text: `${card(body.user)}\n\n${sessions}` }
}

async function createUser({ api, options, password: chosen }: CommandContext): Promise<Result> {
  const { email, role: roles = [], scope: scopes = [] } = options
  const password = chosen ?? randomBytes(15).toString('base64url')
  const address = requireForm(requireOption(email, '--email'), 'an e-mail address')
  const request = { email: address, password, roles, scopes }
  const { body } = await api.call<UserView>('/admin/users', { method: 'POST', body: request })
  if (chosen !== undefined) return { data: body, text: card(body) }
  const text = `${card(body)}\n\nInitial password, shown once: ${password}\nThe first log-in replaces it. It expires.`
  return { data: { ...body, password }, text }
}

async function setRights(run: CommandContext): Promise<Result> {
  const { role: roles, scope: scopes } = run.options
  if (roles === undefined && scopes === undefined)
    throw new UsageError('--role or --scope is missing: they are the rights that the account is to have')
  const id = await resolveUserId(run)
  const { headers } = await run.api.call(`/admin/users/${id}`)
  // An empty value removes all.
  const nonEmpty = (values: string[] | undefined) => values?.filter(value => value !== '')
  const body = await callRevocation<UserChanged>(run, `/admin/users/${id}`, {
    method: 'PATCH',
    body: withoutUndefined({ roles: nonEmpty(roles), scopes: nonEmpty(scopes) }),
    headers: { 'if-match': headers.get('etag') ?? '' },
  })
  const { email, roles: holdsRoles, scopes: holdsScopes } = body.user
  const holds = { email, roles: holdsRoles, scopes: holdsScopes }
  return body.revocation === null ? { data: body, text: card(holds) } : receiptResult(body.revocation, holds)
}

async function issueResetCode(run: CommandContext): Promise<Result> {
  const path = `/admin/users/${await resolveUserId(run)}/password/reset-code`
  const { code, expiresInSeconds, revocation } = await callRevocation<ResetCodeIssued>(run, path)
  return receiptResult(revocation, { code, expires: `in ${Math.round(expiresInSeconds / 60)} minutes` })
}

function accountAction(description: string, method: 'POST' | 'DELETE', path: string): ApiCommand {
  const run = async (context: CommandContext): Promise<Result> => {
    const id = await resolveUserId(context)
    return receiptResult(await callRevocation(context, `/admin/users/${id}${path}`, { method }))
  }
  if (path === '/enable') return { description, operands: '<user>', options: revocationOptions, run }
  return { description, operands: '<user>', options: [...revocationOptions, 'yes'], isDestructive: true, run }
}

export const userCommands: CommandTable = {
  'users list': {
    description: 'list accounts',
    options: ['email', 'role', 'state', 'limit'],
    run: listUsers,
  },
  'users show': { description: 'show an account with its sessions', operands: '<user>', run: showUser },
  'users create': {
    description: 'create an account; its initial password is the variable PASSWORD, or is generated',
    options: ['email', 'role', 'scope'],
    run: createUser,
  },
  'users set-rights': {
    description: 'set the roles and scopes of an account; those that are not named are removed',
    operands: '<user>',
    options: ['role', 'scope', ...revocationOptions],
    run: setRights,
  },
  'users disable': accountAction('disable an account and end its sessions', 'POST', '/disable'),
  'users enable': accountAction('enable an account', 'POST', '/enable'),
  'users sign-out': accountAction('end all sessions of an account', 'POST', '/sessions/end'),
  'users reset-code': {
    description: 'replace the password of an account with a one-time code that expires, and end its sessions',
    operands: '<user>',
    options: [...revocationOptions, 'yes'],
    isDestructive: true,
    run: issueResetCode,
  },
  'users force-change': accountAction(
    'end all sessions of an account and require a new password at the next log-in',
    'POST',
    '/password/force-change',
  ),
  'users delete': accountAction('delete an account and its personal data', 'DELETE', ''),
}

/** @returns the id of the account that the first operand names */
export async function resolveUserId({ api, operands }: { api: Api; operands: readonly string[] }): Promise<string> {
  return findUserId(api, requireOption(operands[0], 'USER (an id or an e-mail address)'))
}

/**
 * @returns the id of the account with this id or e-mail address
 * @throws UsageError when no account has the address
 */
export async function findUserId(api: Api, user: string): Promise<string> {
  if (!user.includes('@')) return requireForm(user, 'an id or an e-mail address of an account')
  const { body } = await api.call<UserPage>(`/admin/users?${new URLSearchParams({ email: user })}`)
  const found = body.users.find(({ email }) => email.toLowerCase() === user.toLowerCase())
  if (found === undefined) throw new UsageError(`no account has the address ${user}`)
  return found.id
}

/** The most that one request may name. */
const maxIds = 100

/**
 * @param ids of accounts and of anything else
 * @returns the e-mail addresses of the accounts that exist, by id; none without the right to read accounts
 */
export async function emailsOf(api: Api, ids: readonly (string | null)[]): Promise<Map<string, string>> {
  const wanted = [...new Set(ids)].filter((id): id is string => id !== null && uuid.test(id))
  const emails = new Map<string, string>()
  for (let start = 0; start < wanted.length; start += maxIds) {
    const query = `limit=${maxIds}&ids=${wanted.slice(start, start + maxIds)}`
    const page = await api.call<UserPage>(`/admin/users?${query}`).catch((error: unknown) => {
      if (error instanceof ApiError && error.problem?.code === 'insufficient-scope') return undefined
      throw error
    })
    for (const { id, email } of page?.body.users ?? []) emails.set(id, email)
  }
  return emails
}
