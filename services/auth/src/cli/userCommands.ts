/** `gatehouse users ...` */
import type { Receipt, UserView } from '@gatehouse/contract'
import type { Api } from './api.ts'
import { requireOption, UsageError } from './args.ts'
import { type CommandContext, type CommandTable, callRevocation, type Result, receiptResult } from './command.ts'
import { card, table } from './table.ts'

interface Page {
  users: UserView[]
  nextCursor: string | null
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const columns = {
  email: ({ email }: UserView) => email,
  state: ({ state }: UserView) => state,
  roles: ({ roles }: UserView) => roles,
  scopes: ({ scopes }: UserView) => scopes,
  sessions: ({ sessions }: UserView) => sessions,
  'last seen': ({ lastSeenAt }: UserView) => lastSeenAt,
  id: ({ id }: UserView) => id,
}

/** `--limit` counts over pages, which are fetched as needed. */
async function listUsers({ api, options, reportProgress }: CommandContext): Promise<Result> {
  const { email, state, role: [role] = [] } = options
  const most = Number(options.limit ?? 50)
  if (!Number.isInteger(most) || most < 1) throw new UsageError('--limit must be a whole number')
  const users: UserView[] = []
  let cursor: string | null | undefined
  do {
    const limit = String(Math.min(100, most - users.length))
    const query = new URLSearchParams(withoutUndefined({ email, state, role, limit, cursor: cursor ?? undefined }))
    const { body } = await api.call<Page>(`/admin/users?${query}`)
    users.push(...body.users)
    reportProgress(`${users.length} people so far`)
    cursor = body.nextCursor
  } while (cursor && users.length < most)
  return { data: users, text: table(users, columns) }
}

async function showUser(run: CommandContext): Promise<Result> {
  const id = await resolveUserId(run)
  const { body } = await run.api.call<{ user: UserView; sessions: Record<string, unknown>[] }>(`/admin/users/${id}`)
  const sessions = table(body.sessions, {
    device: session => session['device'],
    agent: session => session['agent'],
    address: session => session['address'],
    renewed: session => session['renewedAt'] ?? session['createdAt'],
    id: session => session['id'],
  })
  return { data: body, text: `${card(body.user)}\n\n${sessions}` }
}

async function createUser({ api, options, password: chosen }: CommandContext): Promise<Result> {
  const { email, role: roles = [], scope: scopes = [] } = options
  const password = requireOption(chosen, 'PASSWORD (the environment variable)')
  const mustChangePassword = options['must-change'] ?? false
  const body = { email: requireOption(email, '--email'), password, roles, scopes, mustChangePassword }
  const answer = await api.call<UserView>('/admin/users', { method: 'POST', body })
  return { data: answer.body, text: card(answer.body) }
}

async function setRights(run: CommandContext): Promise<Result> {
  const { role: roles, scope: scopes } = run.options
  if (roles === undefined && scopes === undefined) throw new UsageError('--role or --scope must say what it shall hold')
  const id = await resolveUserId(run)
  const { headers } = await run.api.call(`/admin/users/${id}`)
  // An empty one takes all away.
  const without = (words: string[] | undefined) => words?.filter(word => word !== '')
  const { body } = await callRevocation<{ user: UserView; revocation: Receipt | null }>(run, `/admin/users/${id}`, {
    method: 'PATCH',
    body: withoutUndefined({ roles: without(roles), scopes: without(scopes) }),
    headers: { 'if-match': headers.get('etag') ?? '' },
  })
  const { email, roles: holdsRoles, scopes: holdsScopes } = body.user
  const holds = { email, roles: holdsRoles, scopes: holdsScopes }
  return body.revocation === null ? { data: body, text: card(holds) } : receiptResult(body.revocation, holds)
}

async function setPassword(run: CommandContext): Promise<Result> {
  const id = await resolveUserId(run)
  const password = requireOption(run.password, 'PASSWORD (the environment variable)')
  const mustChangePassword = run.options['must-change'] ?? false
  const call = { method: 'PUT' as const, body: { password, mustChangePassword } }
  return receiptResult((await callRevocation<Receipt>(run, `/admin/users/${id}/password`, call)).body)
}

function accountAction(method: 'POST' | 'DELETE', path: string) {
  return async (run: CommandContext): Promise<Result> => {
    const id = await resolveUserId(run)
    return receiptResult((await callRevocation<Receipt>(run, `/admin/users/${id}${path}`, { method })).body)
  }
}

export const userCommands: CommandTable = {
  'users list': {
    usage: '[--email PART] [--role R] [--state active|disabled] [--limit N]',
    description: 'find people',
    run: listUsers,
  },
  'users show': { usage: 'USER', description: 'one person with all sessions', run: showUser },
  'users create': {
    usage: '--email E [--role R]... [--scope S]... [--must-change]',
    description: 'the password comes from PASSWORD',
    run: createUser,
  },
  'users set-rights': {
    usage: 'USER [--role R]... [--scope S]...',
    description: 'roles and scopes as given, no others',
    run: setRights,
  },
  'users disable': { usage: 'USER', description: 'thrown out, now', run: accountAction('POST', '/disable') },
  'users enable': { usage: 'USER', description: 'may log in again', run: accountAction('POST', '/enable') },
  'users sign-out': { usage: 'USER', description: 'ends every session', run: accountAction('POST', '/sessions/end') },
  'users set-password': {
    usage: 'USER [--must-change]',
    description: 'the password comes from PASSWORD',
    run: setPassword,
  },
  'users force-change': {
    usage: 'USER',
    description: 'the next log-in sets a new password',
    run: accountAction('POST', '/password/force-change'),
  },
  'users delete': { usage: 'USER', description: 'erases the person', run: accountAction('DELETE', '') },
}

/** By id, or by the whole e-mail address. */
export async function resolveUserId({ api, operands }: { api: Api; operands: readonly string[] }): Promise<string> {
  const user = requireOption(operands[0], 'USER (an id or an e-mail address)')
  if (uuid.test(user)) return user
  const { body } = await api.call<Page>(`/admin/users?${new URLSearchParams({ email: user })}`)
  const found = body.users.find(({ email }) => email.toLowerCase() === user.toLowerCase())
  if (found === undefined) throw new UsageError(`nobody has the address ${user}`)
  return found.id
}

/** Without what was not given. */
export function withoutUndefined<Value>(members: Record<string, Value | undefined>): Record<string, Value> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Record<string, Value>
}
