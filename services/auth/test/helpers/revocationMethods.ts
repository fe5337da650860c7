/** Every way to revoke a session, as requests from outside. */
import type { HttpResponse } from '@gatehouse/testkit'
import type { Test } from 'tap'
import { startReplica } from './replicas.ts'
import { password, startService, type TestService, type TestSession, type TestUser } from './service.ts'

export interface RevocationService extends TestService {
  /** Sends the renewal to the second replica. */
  renew: (refreshToken: string) => Promise<HttpResponse>
  /** A new user with the session that will be revoked. */
  createVictim: () => Promise<Victim>
  methods: Record<string, (createVictim: Victim) => Promise<HttpResponse>>
}

export interface Victim extends TestSession {
  user: TestUser
}

/** Revocations go to the first replica, renewals to the second. */
export async function startRevocationService(
  t: Test,
  settings: Record<string, string> = {},
): Promise<RevocationService> {
  const service = await startService(t, { ...settings, LOGIN_FAILURES: '1000' })
  const replica = await startReplica(t, service)
  const admin = await service.login(await service.createUser({ roles: ['admin'] }))
  const asAdmin = (path: string) =>
    service.call(`/admin${path}`, { method: 'POST', token: admin.accessToken, body: {} })
  /** Access token of the same user on another device. */
  const loginElsewhere = async ({ user }: Victim) => (await service.login(user)).accessToken

  return {
    ...service,
    renew: refreshToken => replica.call('/session/renew', { body: { refreshToken } }),
    createVictim: async () => {
      const user = await service.createUser()
      return { user, ...(await service.login(user)) }
    },
    methods: {
      'its owner logging out': ({ refreshToken }) =>
        service.call('/session', { method: 'DELETE', body: { refreshToken } }),
      'its owner ending it from another device': async victim =>
        service.call(`/sessions/${victim.sessionId}`, { method: 'DELETE', token: await loginElsewhere(victim) }),
      'its owner ending all others': async victim =>
        service.call('/sessions?others=true', { method: 'DELETE', token: await loginElsewhere(victim) }),
      'its owner changing the password': async victim => {
        const body = { currentPassword: password, newPassword: 'another long passphrase' }
        return service.call('/me/password', { method: 'PUT', token: await loginElsewhere(victim), body })
      },
      'an admin disabling the account': ({ user }) => asAdmin(`/users/${user.id}/disable`),
      'an admin ending all its sessions': ({ user }) => asAdmin(`/users/${user.id}/sessions/end`),
      'an admin ending the session': ({ sessionId }) => asAdmin(`/sessions/${sessionId}/end`),
    },
  }
}
