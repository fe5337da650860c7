/** An admin at work, for the tests of the admin surface. */
import type { UserView } from '@gatehouse/contract'
import type { Call } from '@gatehouse/testkit'
import { type Person, type Session, type Stage, stage } from './service.ts'

export interface Office extends Stage {
  admin: Person & Session
  /** A call with the admin's token. */
  ask: Call
  /** One field of what the audit log says of the newest entry with this action. */
  audited: (action: string) => Promise<Record<string, unknown>>
}

export async function office(t: Parameters<typeof stage>[0], settings: Record<string, string> = {}): Promise<Office> {
  const on = await stage(t, settings)
  const boss = await on.person({ roles: ['admin'] })
  const admin = { ...boss, ...(await on.login(boss)) }
  return {
    ...on,
    admin,
    ask: (path, call = {}) => on.call(path, { token: admin.accessToken, ...call }),
    audited: async action => {
      const rows = await on.database.prisma.$queryRaw<Record<string, unknown>[]>`
        SELECT actor, target, reason, address, request_id AS "requestId", outcome, seq::int, detail FROM audit_entries WHERE action = ${action} ORDER BY id DESC LIMIT 1`
      return rows[0] ?? {}
    },
  }
}

export async function userOf({ ask }: Office, id: string): Promise<UserView & { etag: string }> {
  const { body, headers } = await ask(`/admin/users/${id}`)
  return { ...(body as { user: UserView }).user, etag: headers.get('etag') ?? '' }
}
