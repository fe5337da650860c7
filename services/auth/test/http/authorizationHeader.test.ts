/** Two `Authorization` headers: refused on routes that do not authenticate a user by their guard too. */
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { clientSecret, clientToken, createClient } from '../helpers/oauthForms.ts'
import { rawRequest, sendRaw } from '../helpers/rawRequest.ts'
import { basic, startService } from '../helpers/service.ts'

t.test('two Authorization headers: refused at log-out, the OAuth endpoints and the feed, in either order', async t => {
  const service = await startService(t, { POLL_HOLD_MS: '50' })
  await createClient(service, 'robot', ['users:read'])
  await createClient(service, 'reader', ['introspect'])
  const { accessToken } = await service.login(await service.createUser())
  const token = `token=${await clientToken(service, 'robot')}`
  const form = 'Content-Type: application/x-www-form-urlencoded'
  const json = 'Content-Type: application/json'
  const robot = basic('robot', clientSecret)
  const poll = { guard: randomUUID(), name: 'test', version: '1' }
  const table: [start: string, valid: string, type: string, body: string][] = [
    ['POST /oauth/token', robot, form, 'grant_type=client_credentials'],
    ['POST /oauth/introspect', basic('reader', clientSecret), form, token],
    ['POST /oauth/revoke', robot, form, token],
    ['POST /guards/poll', service.guardCredentials, json, JSON.stringify(poll)],
    ['POST /guards/leave', service.guardCredentials, json, JSON.stringify({ guard: poll.guard })],
    ['DELETE /session', `Bearer ${accessToken}`, json, '{}'],
  ]
  for (const [start, valid, type, body] of table) {
    const send = (authorizations: string[]) => {
      const lines = ['Host: auth.test', ...authorizations, type, `Content-Length: ${body.length}`, 'Connection: close']
      return sendRaw(service.url, rawRequest(start, lines, body))
    }
    const own = `Authorization: ${valid}`
    t.equal((await send([own, 'authorization: Bearer other'])).status, 400, start)
    t.equal((await send(['AUTHORIZATION: Basic eDp5', own])).status, 400, start)
    t.equal((await service.call('/me', { token: accessToken })).status, 200, `${start}: the session is active`)
    t.match((await send([own])).status, /^20[04]$/, `${start}: accepted with one header`)
  }
})
