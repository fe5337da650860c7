/** A wrong issuer is reported at the start and in the log, with both values; without a log, on the console. */
import { createGuard } from '@gatehouse/guard-core'
import { bearer, guardFixture, issuer } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { issuerMismatch } from '../src/issuerMismatch.ts'
import { type Guarded, guarded } from './helpers/guardedServer.ts'

interface LogLine {
  facts: object
  message: string
}

function recordedLog(): { lines: LogLine[]; log: { info: Log; warn: Log; error: Log } } {
  const lines: LogLine[] = []
  const record: Log = (facts, message) => void lines.push({ facts, message })
  return { lines, log: { info: record, warn: record, error: record } }
}
type Log = (facts: object, message: string) => void

async function fixture(t: Test, options: Parameters<typeof guarded>[0] = {}): Promise<Guarded> {
  const service = await guarded(options)
  t.teardown(service.stop)
  await service.guard.ready()
  return service
}

const mistakes: [expected: string, received: string, explanation: string][] = [
  ['http://localhost:3000/', 'http://localhost:3000', 'they differ in a trailing slash'],
  ['http://127.0.0.1:3000', 'http://localhost:3000', 'they name the same host as 127.0.0.1 and localhost'],
  ['http://auth.example', 'https://auth.example', 'they differ in http and https'],
  ['https://auth.example', 'https://login.example', 'the guard needs the ISSUER of the auth service'],
  ['auth', 'https://auth.example', 'the guard needs the ISSUER of the auth service'],
]

for (const [expected, received, explanation] of mistakes) {
  t.test(`issuerMismatch: ${expected} against ${received}: ${explanation}`, async t => {
    t.equal(issuerMismatch(expected, received), `expected "${expected}", received "${received}": ${explanation}`)
  })
}

t.test('issuer of the auth service differs: ready rejects with both values, and the log has them', async t => {
  const { auth, clock } = await fixture(t)
  auth.issuer = issuer
  const { lines, log } = recordedLog()
  const other = await guarded({ issuer: `${issuer}/`, authUrls: [auth.url], clock, log })
  t.teardown(other.stop)
  const message = `the auth service has another issuer: expected "${issuer}/", received "${issuer}": they differ in a trailing slash`
  await t.rejects(other.guard.ready(), { message })
  t.equal(other.guard.state().hasLease, false)
  t.match(lines, [{ facts: { authUrl: auth.url }, message }])
})

t.test('createGuard: without a log, errors go to the console', async t => {
  const { auth, guardOptions } = await guardFixture()
  t.teardown(auth.stop)
  const { log: _silent, ...options } = guardOptions
  const guard = createGuard({ ...options, issuer: `${issuer}/` })
  auth.issuer = issuer
  const written = t.capture(console, 'error', () => undefined)
  guard.start()
  t.teardown(() => guard.stop())
  await t.rejects(guard.ready())
  t.match(written(), [{ args: [/^guard: the auth service has another issuer/, { authUrl: auth.url }] }])
})

t.test('token of another issuer or audience: is refused, and the log has both values once a minute', async t => {
  const { lines, log } = recordedLog()
  const service = await fixture(t, { log })
  const reasons = () => lines.filter(({ message }) => message.includes('valid signature')).map(({ facts }) => facts)
  const wrongIssuer = bearer(service.token({ iss: 'http://localhost:3000' }))
  for (let times = 0; times < 3; times += 1) t.match(await service.send('/me', wrongIssuer), { status: 401 })
  t.match(reasons(), [{ why: /^iss: expected "https:\/\/auth.example", received "http:\/\/localhost:3000"/ }])
  await service.clock.advance(60_000)
  t.match(await service.send('/me', bearer(service.token({ aud: 'billing' }))), { status: 401 })
  t.match(reasons()[1], { why: 'aud: expected "warehouse", received "billing"' })
})
