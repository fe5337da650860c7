/** Every way in which somebody's session can be revoked, as calls from outside. */
import type { Test } from 'tap'
import { replica } from './replicas.ts'
import { type HttpResponse, type Person, password, type Session, type Stage, stage } from './service.ts'

export interface Scene extends Stage {
  /** On the second replica. */
  renew: (refreshToken: string) => Promise<HttpResponse>
  /** A new person and the session that is going to be revoked. */
  victim: () => Promise<Victim>
  acts: Record<string, (victim: Victim) => Promise<HttpResponse>>
}

export interface Victim extends Session {
  person: Person
}

/** Acts are called on the first replica, renewals on the second. */
export async function scene(t: Test, settings: Record<string, string> = {}): Promise<Scene> {
  const one = await stage(t, { ...settings, LOGIN_FAILURES: '1000' })
  const other = await replica(t, one)
  const admin = await one.login(await one.person({ roles: ['admin'] }))
  const asAdmin = (path: string) => one.call(`/admin${path}`, { method: 'POST', token: admin.accessToken, body: {} })
  /** Of the same person, on another device. */
  const beside = async ({ person }: Victim) => (await one.login(person)).accessToken

  return {
    ...one,
    renew: refreshToken => other.call('/session/renew', { body: { refreshToken } }),
    victim: async () => {
      const person = await one.person()
      return { person, ...(await one.login(person)) }
    },
    acts: {
      'its owner logging out': ({ refreshToken }) => one.call('/session', { method: 'DELETE', body: { refreshToken } }),
      'its owner ending it from another device': async victim =>
        one.call(`/sessions/${victim.sessionId}`, { method: 'DELETE', token: await beside(victim) }),
      'its owner ending all others': async victim =>
        one.call('/sessions?others=true', { method: 'DELETE', token: await beside(victim) }),
      'its owner changing the password': async victim => {
        const body = { currentPassword: password, newPassword: 'another long passphrase' }
        return one.call('/me/password', { method: 'PUT', token: await beside(victim), body })
      },
      'an admin disabling the account': ({ person }) => asAdmin(`/users/${person.id}/disable`),
      'an admin ending all its sessions': ({ person }) => asAdmin(`/users/${person.id}/sessions/end`),
      'an admin ending the session': ({ sessionId }) => asAdmin(`/sessions/${sessionId}/end`),
    },
  }
}
