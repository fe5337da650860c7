/** A service with a logged-in admin, for the tests of the admin routes. */
import type { UserView } from '@gatehouse/contract'
import type { Call } from '@gatehouse/testkit'
import { startService, type TestService, type TestSession, type TestUser } from './service.ts'

export interface AdminClient extends TestService {
  admin: TestUser & TestSession
  /** Sends a request with the admin's access token. */
  callAsAdmin: Call
  /** @returns the newest audit entry with this action, empty when there is none */
  lastAudit: (action: string) => Promise<Record<string, unknown>>
}

export async function startWithAdmin(
  t: Parameters<typeof startService>[0],
  settings: Record<string, string> = {},
): Promise<AdminClient> {
  const service = await startService(t, settings)
  const user = await service.createUser({ roles: ['admin'] })
  const admin = { ...user, ...(await service.login(user)) }
  return {
    ...service,
    admin,
    callAsAdmin: (path, call = {}) => service.call(path, { token: admin.accessToken, ...call }),
    lastAudit: async action => {
      const rows = await service.database.prisma.$queryRaw<Record<string, unknown>[]>`
        SELECT actor, target, reason, address, request_id AS "requestId", outcome, seq::int, detail FROM audit_entries WHERE action = ${action} ORDER BY id DESC LIMIT 1`
      return rows[0] ?? {}
    },
  }
}

export async function readUser({ callAsAdmin }: AdminClient, id: string): Promise<UserView & { etag: string }> {
  const { body, headers } = await callAsAdmin(`/admin/users/${id}`)
  return { ...(body as { user: UserView }).user, etag: headers.get('etag') ?? '' }
}
