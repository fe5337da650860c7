/** Routes that need a recent log-in (RFC 9470). */
import type { Problem } from '@gatehouse/contract'
import t from 'tap'
import { readyService } from './helpers/guardedApp.ts'

/** @conforms RFC 9470 section 3: a route can require a recent log-in, and its challenge has `max_age`. */
t.test('maxAge: a token that has passed the route is refused once its log-in is too old', async t => {
  const service = await readyService(t)
  const now = service.clock.wallMs() / 1000
  const authorization = `Bearer ${service.token({ auth_time: now - 59, exp: now + 300 })}`
  t.equal((await service.send('/recent', { authorization })).status, 200)
  await service.clock.advance(2000)
  const { status, headers, text } = await service.send('/recent', { authorization })
  t.equal(status, 401)
  t.match(JSON.parse(text) as Problem, { code: 'reauthentication-required', action: 'reauthenticate' })
  t.match(headers['www-authenticate'], 'error="insufficient_user_authentication"')
  t.match(headers['www-authenticate'], 'max_age="60"')
  t.equal((await service.send('/me', { authorization })).status, 200, 'other routes accept the token')
})

t.test('maxAge: a token without auth_time is refused', async t => {
  const service = await readyService(t)
  const authorization = `Bearer ${service.token({ auth_time: undefined })}`
  t.match(JSON.parse((await service.send('/recent', { authorization })).text), { code: 'reauthentication-required' })
})
