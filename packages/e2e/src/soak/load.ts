/** Mixed load on both services: log-ins, renewals, requests, revocations, wrong passwords. */
import { systemClock } from '@gatehouse/clock'
import type { HttpResponse } from '@gatehouse/testkit'
import type { Login, Service, System, Tokens } from '../system.ts'

/** Short enough for some thousand requests a minute on two cores. */
const pauseMs = 20

export interface SoakLoad {
  /** Number of answers by status. */
  statuses: Map<number, number>
  /** Stops the clients and waits for their last answers. */
  stop: () => Promise<void>
}

/** @param counts how many clients run at a time, and how many accounts they use */
export async function startLoad(
  system: System,
  { clients, accounts }: { clients: number; accounts: number },
): Promise<SoakLoad> {
  const [auth, resource] = [system.auths[0], system.resources[0]]
  if (auth === undefined || resource === undefined) throw new Error('The load needs both services.')
  const admin = await system.createAccount('admin@example.org', { roles: ['admin'] })
  const users: Login[] = []
  while (users.length < accounts) users.push(await system.createAccount(`user-${users.length}@example.org`))

  const stopping = new AbortController()
  const statuses = new Map<number, number>()
  const count = async (pending: Promise<HttpResponse>) => {
    const response = await pending
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    await systemClock.sleep(pauseMs)
    return response
  }
  const runClient = async (index: number) => {
    for (let round = index; !stopping.signal.aborted; round += 1) {
      await runSession({ auth, resource, admin, count, round }, users[round % users.length] as Login)
    }
  }
  const running = Promise.all(Array.from({ length: clients }, (_, index) => runClient(index)))
  return {
    statuses,
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

interface SessionContext {
  auth: Service
  resource: Service
  admin: Login
  count: (pending: Promise<HttpResponse>) => Promise<HttpResponse>
  round: number
}

/** One session from its log-in to its end, which the number of the round selects. */
async function runSession({ auth, resource, admin, count, round }: SessionContext, user: Login): Promise<void> {
  const login = async (account: Login) =>
    (await count(auth.call('/session', { body: { ...account, transport: 'body' } }))).body as Partial<Tokens>
  const tokens = await login(user)
  for (let renewal = 0; renewal < 5; renewal += 1) {
    for (let request = 0; request < 5; request += 1) {
      await count(resource.call('/storage', { token: tokens.accessToken ?? '' }))
    }
    const renewed = await count(auth.call('/session/renew', { body: { refreshToken: tokens.refreshToken ?? '' } }))
    Object.assign(tokens, renewed.status === 200 ? renewed.body : {})
  }
  // Rare, because failures lock an account and an address out. 201 spreads them over the accounts.
  if (round % 201 === 0) await login({ ...user, password: 'not the password of the account' })
  if (round % 3 === 0) {
    const { accessToken = '' } = await login(admin)
    await count(auth.call(`/admin/sessions/${tokens.sessionId}/end`, { token: accessToken, body: {} }))
    await count(resource.call('/storage', { token: tokens.accessToken ?? '' }))
    await count(auth.call('/session', { method: 'DELETE', token: accessToken }))
  } else {
    await count(auth.call('/session', { method: 'DELETE', body: { refreshToken: tokens.refreshToken ?? '' } }))
  }
}
