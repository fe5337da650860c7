/** Reads accounts for the admin routes: a page of the list, or one account. */
import type { Db } from '../database/database.ts'
import { activeSession } from './listSessions.ts'
import { readClock } from './readClock.ts'

export interface AccountRow {
  id: string
  email: string
  roles: string[]
  scopes: string[]
  createdAt: Date
  disabledAt: Date | null
  passwordChangedAt: Date
  mustChangePassword: boolean
  version: number
  /** Active sessions. */
  sessions: number
  /** The last log-in or renewal. */
  lastSeenAt: Date | null
}

export interface AccountFilter {
  /** A part of the e-mail address, in the form that `emailKey` returns. */
  emailPart: string | null
  ids: readonly string[] | null
  role: string | null
  state: 'active' | 'disabled' | null
  after: { createdAt: Date; id: string } | null
  limit: number
}

const select = {
  id: true,
  email: true,
  roles: true,
  scopes: true,
  createdAt: true,
  disabledAt: true,
  passwordChangedAt: true,
  mustChangePassword: true,
  version: true,
}

/**
 * Oldest first, by the index on `(created_at, id)`. Neither column ever changes, so no page repeats or skips an account.
 * The page continues after two values instead of Prisma's `cursor`, which returns nothing once its row is deleted.
 */
export async function listAccounts(db: Db, { limit, ...filter }: AccountFilter): Promise<AccountRow[]> {
  const accounts = await db.account.findMany({
    where: accountsMatching(filter),
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    take: limit,
    select,
  })
  const summaries = await summarizeSessions(
    db,
    accounts.map(({ id }) => id),
  )
  return accounts.map(account => ({ ...account, ...(summaries.get(account.id) ?? noSessions) }))
}

export async function readAccountRow(db: Db, id: string): Promise<AccountRow | undefined> {
  const account = await db.account.findUnique({ where: { id }, select })
  if (account === null) return undefined
  const summaries = await summarizeSessions(db, [id])
  return { ...account, ...(summaries.get(id) ?? noSessions) }
}

function accountsMatching({ ids, emailPart, role, state, after }: Omit<AccountFilter, 'limit'>) {
  return {
    // Prisma passes wildcards through.
    ...(emailPart === null ? {} : { emailKey: { contains: emailPart.replace(/[\\%_]/g, '\\$&') } }),
    ...(ids === null ? {} : { id: { in: [...ids] } }),
    ...(role === null ? {} : { roles: { has: role } }),
    ...(state === null ? {} : { disabledAt: state === 'active' ? null : { not: null } }),
    ...(after === null
      ? {}
      : {
          createdAt: { gte: after.createdAt },
          OR: [{ createdAt: { gt: after.createdAt } }, { id: { gt: after.id } }],
        }),
  }
}

type SessionSummary = Pick<AccountRow, 'sessions' | 'lastSeenAt'>

const noSessions: SessionSummary = { sessions: 0, lastSeenAt: null }

/** Counts and dates per account, by the index of `sessions` on `account_id`. */
async function summarizeSessions(db: Db, accountIds: string[]): Promise<Map<string, SessionSummary>> {
  if (accountIds.length === 0) return new Map()
  const accountId = { in: accountIds }
  const clock = await readClock(db)
  const by = ['accountId' as const]
  const active = await db.session.groupBy({ by, where: { accountId, ...activeSession(clock) }, _count: true })
  const begun = await db.session.groupBy({ by, where: { accountId }, _max: { createdAt: true } })
  const renewed = await db.refreshToken.groupBy({ by, where: { session: { accountId } }, _max: { rotatedAt: true } })

  const countOf = new Map(active.map(group => [group.accountId, group._count]))
  const renewedAtOf = new Map(renewed.map(group => [group.accountId, group._max.rotatedAt]))
  return new Map(
    begun.map(group => [
      group.accountId,
      {
        sessions: countOf.get(group.accountId) ?? 0,
        lastSeenAt: laterOf(group._max.createdAt, renewedAtOf.get(group.accountId) ?? null),
      },
    ]),
  )
}

function laterOf(first: Date | null, second: Date | null): Date | null {
  if (first === null || second === null) return first ?? second
  return first > second ? first : second
}
