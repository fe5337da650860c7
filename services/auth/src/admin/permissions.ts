/**
 * The role or scope that each admin route requires. `requirePermission` enforces this table, and
 * OpenAPI shows it.
 */

/**
 * The roles with rights on the admin routes: `admin` for all of them, `auditor` for those that
 * read.
 */
export const adminRoles = ['admin', 'auditor'] as const
export type AdminRole = (typeof adminRoles)[number]

/** The scopes with rights on the admin routes, for service clients and for accounts. */
export const adminScopes = [
  'users:read',
  'users:write',
  'sessions:read',
  'sessions:revoke',
  'clients:read',
  'clients:write',
  'keys:read',
  'keys:write',
  'revocations:read',
  'audit:read',
] as const
export type AdminScope = (typeof adminScopes)[number]

export interface Permission {
  /** One of these roles suffices. */
  roles: readonly AdminRole[]
  /** This scope suffices as well; null where service clients are not permitted. */
  scope: AdminScope | null
  /** A user must have logged in or confirmed the password recently (RFC 9470). */
  needsRecentLogin: boolean
}

const read = (scope: AdminScope): Permission => ({
  roles: ['admin', 'auditor'],
  scope,
  needsRecentLogin: false,
})
const write = (scope: AdminScope | null): Permission => ({
  roles: ['admin'],
  scope,
  needsRecentLogin: false,
})
const writeAfterLogin = (scope: AdminScope | null): Permission => ({ ...write(scope), needsRecentLogin: true })

export const permissions: Readonly<Record<string, Permission>> = {
  'POST /admin/users': writeAfterLogin('users:write'),
  'GET /admin/users': read('users:read'),
  'GET /admin/users/:id': read('users:read'),
  'PATCH /admin/users/:id': writeAfterLogin('users:write'),
  'DELETE /admin/users/:id': write('users:write'),
  'POST /admin/users/:id/disable': write('users:write'),
  'POST /admin/users/:id/enable': write('users:write'),
  'POST /admin/users/:id/password/reset-code': writeAfterLogin('users:write'),
  'POST /admin/users/:id/password/force-change': write('users:write'),

  'GET /admin/users/:id/sessions': read('sessions:read'),
  'POST /admin/users/:id/sessions/end': write('sessions:revoke'),
  'GET /admin/sessions/count': read('sessions:read'),
  'POST /admin/sessions/:id/end': write('sessions:revoke'),
  'POST /admin/sessions/end': write('sessions:revoke'),
  // A service client may not end every session.
  'POST /admin/sessions/end-all': writeAfterLogin(null),

  'GET /admin/revocations': read('revocations:read'),
  'GET /admin/revocations/:seq': read('revocations:read'),
  'GET /admin/revocations/:seq/events': read('revocations:read'),
  'GET /admin/guards': read('revocations:read'),

  'POST /admin/clients': writeAfterLogin('clients:write'),
  'GET /admin/clients': read('clients:read'),
  'POST /admin/clients/:id/rotate': writeAfterLogin('clients:write'),
  'PUT /admin/clients/:id/keys': writeAfterLogin('clients:write'),
  'DELETE /admin/clients/:id': write('clients:write'),

  'GET /admin/keys': read('keys:read'),
  'POST /admin/keys': writeAfterLogin('keys:write'),
  'POST /admin/keys/:kid/activate': writeAfterLogin('keys:write'),
  'POST /admin/keys/:kid/withdraw': writeAfterLogin('keys:write'),

  'GET /admin/audit': read('audit:read'),
  'GET /admin/audit/export': read('audit:read'),
}

/** @returns whether the caller holds one of the roles, or the scope */
export function isPermitted(
  { roles, scopes }: { roles: readonly string[]; scopes: readonly string[] },
  permission: Pick<Permission, 'roles' | 'scope'>,
): boolean {
  const hasRole = permission.roles.some(role => roles.includes(role))
  return hasRole || (permission.scope !== null && scopes.includes(permission.scope))
}

/** The permission as a sentence for OpenAPI. */
export function describePermission({ roles, scope, needsRecentLogin }: Permission): string {
  const role = `the role ${roles.map(name => `\`${name}\``).join(' or ')}`
  const right = scope === null ? `Needs ${role}.` : `Needs ${role}, or the scope \`${scope}\`.`
  return needsRecentLogin ? `${right} A user must have logged in recently.` : right
}
