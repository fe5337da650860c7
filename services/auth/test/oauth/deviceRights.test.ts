/** What a device gets by an approval: no right that the user's token lacks, and nothing once the user ends sessions. */
import t from 'tap'
import { holdLock, untilBlocked } from '../helpers/locks.ts'
import { postForm } from '../helpers/oauthForms.ts'
import { password, startService } from '../helpers/service.ts'
import { claimsOf } from '../helpers/tokens.ts'

const clients = ['television', 'gatehouse-cli'] as const
const service = await startService(t, { PUBLIC_CLIENTS: clients.join(',') })
const { call } = service
const query = (text: string, values: unknown[] = []) => service.database.pool.query(text, values)

interface Codes {
  device_code: string
  user_code: string
}

async function logIn() {
  const user = await service.createUser({ roles: ['admin'], scopes: ['storage:read', 'users:read'] })
  return { user, ...(await service.login(user)) }
}

/** A device that waits, as if it had begun a minute ago. */
async function begin(form: { client_id: string; scope?: string }) {
  const { body } = await postForm(service, '/oauth/device_authorization', form)
  const { device_code, user_code: userCode } = body as Codes
  await query(`UPDATE device_authorizations SET created_at = created_at - interval '1 minute'`)
  const approve = async (token: string) => {
    const { status } = await call('/device/decision', { token, body: { userCode, approve: true } })
    if (status !== 204) throw new Error(`the approval answered ${status}`)
  }
  const poll = async () => {
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    const answer = await postForm(service, '/oauth/token', { grant_type, device_code, client_id: form.client_id })
    return answer.body as { access_token: string; scope: string; error?: string }
  }
  return { userCode, approve, poll }
}

function rightsOf(accessToken: string) {
  const { roles, scope } = claimsOf(accessToken)
  return { roles, scope }
}

t.test('device: an approval with a token of fewer scopes gives no right that the token lacks', async t => {
  const { refreshToken: refresh_token } = await logIn()
  const narrowing = { grant_type: 'refresh_token', refresh_token, scope: 'storage:read' }
  const { access_token: token } = (await postForm(service, '/oauth/token', narrowing)).body as { access_token: string }
  for (const client_id of clients) {
    const { userCode, approve, poll } = await begin({ client_id })
    const shown = await call('/device/lookup', { token, body: { userCode } })
    t.match(shown.body, { roles: { length: 0 }, scopes: ['storage:read'] })
    await approve(token)
    t.strictSame(rightsOf((await poll()).access_token), { roles: [], scope: 'storage:read' }, client_id)
  }
})

t.test('device: a scope that the user did not have at the approval is not given later', async t => {
  const { user, accessToken } = await logIn()
  const { approve, poll } = await begin({ client_id: 'television', scope: 'storage:read users:write' })
  await approve(accessToken)
  await query(`UPDATE accounts SET scopes = array_append(scopes, 'users:write') WHERE id = $1`, [user.id])
  t.equal((await poll()).scope, 'storage:read')
})

t.test('device: the password confirmed in a session with a scope gives no more than the scope', async t => {
  const { accessToken } = await logIn()
  const { approve, poll } = await begin({ client_id: 'gatehouse-cli', scope: 'storage:read' })
  await approve(accessToken)
  const { access_token: token } = await poll()
  const { body } = await call('/session/reauthenticate', { token, body: { password } })
  t.strictSame(rightsOf((body as { accessToken: string }).accessToken), { roles: [], scope: 'storage:read' })
})

t.test('device: an approval that waits for the poll ends with the other sessions of the user', async t => {
  const { accessToken: token } = await logIn()
  const change = { currentPassword: password, newPassword: 'a new and long password' }
  const acts = [
    () => call('/sessions?others=true', { method: 'DELETE', token }),
    () => call('/me/password', { method: 'PUT', token, body: change }),
  ]
  for (const act of acts) {
    const { approve, poll } = await begin({ client_id: 'television' })
    await approve(token)
    t.equal((await act()).status, 200)
    t.match(await poll(), { error: 'access_denied' })
  }
})

t.test('device: a poll during a change of the password gets no session', async t => {
  const { user, accessToken: token } = await logIn()
  const { sessionId } = await service.login(user)
  const { approve, poll } = await begin({ client_id: 'television' })
  await approve(token)
  const other = await holdLock(t, service, 'SELECT FROM sessions WHERE id = $1 FOR UPDATE', [sessionId])
  const body = { currentPassword: password, newPassword: 'a new and long password' }
  const change = call('/me/password', { method: 'PUT', token, body })
  await untilBlocked(service, 1)
  const polled = poll()
  await untilBlocked(service, 2)
  await other.release()
  t.equal((await change).status, 200)
  t.match(await polled, { error: 'access_denied' })
})
