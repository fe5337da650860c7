/** What each admin route asks of its caller: the one table that is enforced, shown in OpenAPI, and walked by a test. */

/** The roles that mean something here: an admin may do all, an auditor may read. */
export const adminRoles = ['admin', 'auditor'] as const
export type AdminRole = (typeof adminRoles)[number]

/** What a machine can be granted; a person's account too. */
export const adminScopes = [
  'users:read',
  'users:write',
  'sessions:read',
  'sessions:revoke',
  'clients:read',
  'clients:write',
  'revocations:read',
  'audit:read',
] as const
export type AdminScope = (typeof adminScopes)[number]

export interface Permission {
  /** One of these roles is enough, */
  roles: readonly AdminRole[]
  /** and so is this scope; null where no machine is let in. */
  scope: AdminScope | null
}

const read = (scope: AdminScope): Permission => ({ roles: ['admin', 'auditor'], scope })
const write = (scope: AdminScope | null): Permission => ({ roles: ['admin'], scope })

export const permissions: Readonly<Record<string, Permission>> = {
  'POST /admin/users': write('users:write'),
  'GET /admin/users': read('users:read'),
  'GET /admin/users/:id': read('users:read'),
  'PATCH /admin/users/:id': write('users:write'),
  'DELETE /admin/users/:id': write('users:write'),
  'POST /admin/users/:id/disable': write('users:write'),
  'POST /admin/users/:id/enable': write('users:write'),
  'PUT /admin/users/:id/password': write('users:write'),
  'POST /admin/users/:id/password/force-change': write('users:write'),

  'GET /admin/users/:id/sessions': read('sessions:read'),
  'POST /admin/users/:id/sessions/end': write('sessions:revoke'),
  'POST /admin/sessions/:id/end': write('sessions:revoke'),
  'POST /admin/sessions/end': write('sessions:revoke'),
  // No machine breaks the glass.
  'POST /admin/sessions/end-all': write(null),

  'GET /admin/revocations/:seq': read('revocations:read'),
  'GET /admin/guards': read('revocations:read'),

  'POST /admin/clients': write('clients:write'),
  'GET /admin/clients': read('clients:read'),
  'POST /admin/clients/:id/rotate': write('clients:write'),
  'DELETE /admin/clients/:id': write('clients:write'),

  'GET /admin/audit': read('audit:read'),
  'GET /admin/audit/export': read('audit:read'),
}

/** Whether the caller holds one of the roles, or the scope. */
export function isPermitted(
  { roles, scopes }: { roles: readonly string[]; scopes: readonly string[] },
  asked: Permission,
): boolean {
  return asked.roles.some(role => roles.includes(role)) || (asked.scope !== null && scopes.includes(asked.scope))
}

/** In words, for the document. */
export function describePermission({ roles, scope }: Permission): string {
  const role = `the role ${roles.map(name => `\`${name}\``).join(' or ')}`
  return scope === null ? `Needs ${role}.` : `Needs ${role}, or the scope \`${scope}\`.`
}
