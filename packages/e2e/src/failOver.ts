/** A system whose database fails over: revocations, and clients that renew, before and after. */
import { type HttpResponse, until } from '@gatehouse/testkit'
import { type BuildForm, type Login, type Service, type System, startSystem, type Tokens } from './system.ts'

export interface FailOverOptions {
  databaseUrl: string
  /** Auth replicas, and as many resource services. */
  replicas: number
  clients: number
  env?: Record<string, string>
  form?: BuildForm
}

export interface FailOver {
  system: System
  admin: Tokens
  /** Log-ins of one user, whose sessions the caller ends. */
  logIn: (count: number) => Promise<Tokens[]>
  /** Ends the sessions at the same time; each call is repeated until its revocation is in force. */
  revoke: (victims: readonly Tokens[]) => Promise<void>
  /**
   * Ends the sessions, and presents each access token to every resource service from the answer on
   * during one lease.
   * @returns the sessions that a service admitted
   */
  revokeAndPresent: (victims: readonly Tokens[]) => Promise<string[]>
  /** Resolves when every client has renewed three more times. */
  untilRenewed: () => Promise<void>
  /** The refusals that sign a client out. */
  refusals: () => unknown[]
  stop: () => Promise<void>
}

const leaseMs = 1500
/** Short, so that a barrier that is held after a fail-over takes seconds. */
const leaseEnv = { LEASE_MS: String(leaseMs), LEASE_MARGIN_MS: '300', POLL_HOLD_MS: '500' }

export async function startFailOver(options: FailOverOptions): Promise<FailOver> {
  const { databaseUrl, replicas, form = 'bundle' } = options
  const env = { ...leaseEnv, ...options.env }
  const system = await startSystem({ databaseUrl, auths: replicas, resources: replicas, env, form })
  const { auths, resources, login } = system
  const clients: Client[] = []
  const stop = async () => {
    await Promise.all(clients.map(({ stop }) => stop()))
    await system.stop()
  }
  const prepare = async (): Promise<[Tokens, Login]> => {
    const admin = await login(await system.createAccount('admin@example.org', { roles: ['admin'] }))
    const user = await system.createAccount('ada@example.org')
    for (let count = 0; count < options.clients; count += 1)
      clients.push(startClient(auths, (await login(user)).refreshToken))
    return [admin, user]
  }
  const [admin, user] = await prepare().catch(async error => {
    await stop()
    throw error
  })

  const revokeOne = async ({ sessionId }: Tokens, turn: number) => {
    const auth = auths[turn % auths.length] as Service
    await until(async () => {
      const path = `/admin/sessions/${sessionId}/end`
      const { body }: HttpResponse = await auth.call(path, { token: admin.accessToken, body: {} })
      return (body as { inForce?: boolean }).inForce === true
    })
  }
  const isAdmitted = async ({ accessToken: token }: Tokens) => {
    let isFound = false
    for (const endMs = performance.now() + leaseMs; performance.now() < endMs; ) {
      const responses = await Promise.all(resources.map(({ call }) => call('/storage', { token })))
      isFound ||= responses.some(({ status }) => status === 200)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    return isFound
  }
  return {
    system,
    admin,
    logIn: async count => {
      const tokens: Tokens[] = []
      while (tokens.length < count) tokens.push(await login(user))
      return tokens
    },
    revoke: async victims => void (await Promise.all(victims.map(revokeOne))),
    revokeAndPresent: async victims => {
      const results = await Promise.all(
        victims.map(async (victim, turn) => {
          await revokeOne(victim, turn)
          return (await isAdmitted(victim)) ? [victim.sessionId] : []
        }),
      )
      return results.flat()
    },
    untilRenewed: async () => {
      const before = clients.map(({ state }) => state.renewals)
      const hasRenewed = async () => clients.every(({ state }, index) => state.renewals > (before[index] ?? 0) + 2)
      await until(hasRenewed)
    },
    refusals: () => clients.flatMap(({ state }) => state.refusals),
    stop,
  }
}

interface Client {
  state: { renewals: number; refusals: unknown[]; isStopped: boolean }
  stop: () => Promise<void>
}

/** Renews one after the other, and repeats what got no answer, as the client package does. */
function startClient(auths: readonly Service[], first: string): Client {
  const state: Client['state'] = { renewals: 0, refusals: [], isStopped: false }
  const run = async () => {
    let refreshToken = first
    for (let turn = 0; !state.isStopped; turn += 1) {
      const auth = auths[turn % auths.length] as Service
      const answer = await auth.call('/session/renew', { body: { refreshToken } }).catch(() => undefined)
      if (answer?.status === 200) {
        state.renewals += 1
        refreshToken = (answer.body as Tokens).refreshToken
      } else if (answer?.status === 401) state.refusals.push(answer.body)
      await new Promise(resolve => setTimeout(resolve, 30))
    }
  }
  const done = run()
  const stop = async () => {
    state.isStopped = true
    await done
  }
  return { state, stop }
}
