/** Shadowing: a second client that repeats every renewal is reported; tabs, phones and proxy pools are not. */
import { randomOf, testSeed } from '@gatehouse/testkit'
import t, { type Test } from 'tap'
import { sharingEvidence } from '../../src/rotate/sharing.ts'
import { assertProblem, startService, type TestService, type TestSession } from '../helpers/service.ts'

interface Sender {
  address: string
  agent: string
  key?: string
}

const owner = { address: '192.0.2.1', agent: 'owner/1' }
const generations = 6

async function start(t: Test, onSharedSession: 'report' | 'end') {
  const service = await startService(t, { TRUST_PROXY: 'loopback', ON_SHARED_SESSION: onSharedSession })
  return { service, session: await service.login(await service.createUser()) }
}

async function renew({ call }: Pick<TestService, 'call'>, refreshToken: string, { address, agent, key }: Sender) {
  const headers = {
    'x-forwarded-for': address,
    'user-agent': agent,
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  }
  return call('/session/renew', { body: { refreshToken }, headers })
}

/** Renews generation after generation; `senders` returns the first request and the retries of each. */
async function run(
  t: Test,
  { service, token, count }: { service: TestService; token: string; count: number },
  senders: (generation: number) => readonly [Sender, ...Sender[]],
): Promise<string> {
  let current = token
  for (let generation = 0; generation < count; generation += 1) {
    let successor = ''
    for (const sender of senders(generation)) {
      const { status, body } = await renew(service, current, sender)
      t.equal(status, 200, `generation ${generation}`)
      successor = (body as TestSession).refreshToken
    }
    current = successor
  }
  return current
}

const events = async ({ database }: TestService, action: string) =>
  (await database.pool.query('SELECT detail FROM audit_entries WHERE action = $1 ORDER BY id', [action])).rows

t.test('renew: audits every retry with the client info of both requests', async t => {
  const { service, session } = await start(t, 'report')
  await run(t, { service, token: session.refreshToken, count: 1 }, () => [
    owner,
    { address: '198.51.100.7', agent: 'other/1' },
  ])
  t.match(await events(service, 'session.retry'), [
    {
      detail: {
        generation: 1,
        firstUse: { address: '192.0.2.1', userAgent: 'owner/1' },
        retry: { address: '198.51.100.7', userAgent: 'other/1', hasSameIdempotencyKey: false },
      },
    },
  ])
})

for (const [name, other] of Object.entries({
  'another user agent': { address: '203.0.113.9', agent: 'curl/8' },
  'the same user agent and without the key': { address: '203.0.113.9', agent: owner.agent },
})) {
  const senders = (generation: number) => [{ ...owner, key: `owner-key-${generation}` }, other] as const

  t.test(`renew: reports a session that a client with ${name} shadows`, async t => {
    const { service, session } = await start(t, 'report')
    const token = await run(t, { service, token: session.refreshToken, count: generations }, senders)
    t.equal((await events(service, 'session.shared')).length, 1)
    const { body } = await service.call('/sessions', { token: session.accessToken })
    t.match(body, { sessions: [{ sharedAt: String }] })
    t.equal((await renew(service, token, owner)).status, 200, 'the session continues')
  })

  t.test(`renew: with ON_SHARED_SESSION=end, ends a session that a client with ${name} shadows`, async t => {
    const { service, session } = await start(t, 'end')
    const token = await run(t, { service, token: session.refreshToken, count: generations - 2 }, senders)
    t.equal((await renew(service, token, { ...owner, key: 'owner-key-last' })).status, 200)
    assertProblem(t, await renew(service, token, other), 'session-ended')
    assertProblem(t, await renew(service, token, owner), 'session-ended')
  })
}

t.test(`renew: with ON_SHARED_SESSION=end, honest clients stay signed in (SEED=${testSeed})`, async t => {
  const random = randomOf(testSeed, 'a test')
  const pool = ['192.0.2.1', '198.51.100.1', '203.0.113.1', '203.0.112.1', '198.18.0.1', '198.19.0.1'] as const
  const tab = (name: string, generation: number) => ({ agent: 'browser/1', key: `tab-${name}-${generation}-key` })
  const honest: Record<string, (generation: number) => readonly [Sender, ...Sender[]]> = {
    'three tabs': generation => [
      { address: '192.0.2.1', ...tab('a', generation) },
      { address: '192.0.2.1', ...tab('b', generation) },
      { address: '192.0.2.1', ...tab('c', generation) },
    ],
    'a phone that loses each response on Wi-Fi and retries with its key': generation => [
      { address: '192.0.2.1', ...tab('phone', generation) },
      { address: '198.51.100.1', ...tab('phone', generation) },
    ],
    'a phone that does the same without keys': () => [
      { address: '192.0.2.1', agent: 'phone/1' },
      { address: '198.51.100.1', agent: 'phone/1' },
    ],
    'three tabs behind a proxy pool': generation => [
      { address: random.pick(pool), ...tab('a', generation) },
      { address: random.pick(pool), ...tab('b', generation) },
      { address: random.pick(pool), ...tab('c', generation) },
    ],
  }
  for (const [name, senders] of Object.entries(honest)) {
    t.comment(name)
    const { service, session } = await start(t, 'end')
    await run(t, { service, token: session.refreshToken, count: 30 }, senders)
    t.same(await events(service, 'session.shared'), [], name)
  }
})

t.test('sharingEvidence: an unknown first use and the same key prove nothing', async t => {
  const retry = { address: '203.0.113.9', userAgent: 'x', hasSameIdempotencyKey: false }
  const first = { address: '192.0.2.1', userAgent: 'y', hasIdempotencyKey: false }
  t.equal(sharingEvidence({ ...first, address: null }, retry).evidence, 'none')
  t.equal(sharingEvidence(first, { ...retry, hasSameIdempotencyKey: true }).evidence, 'none')
  t.equal(sharingEvidence({ ...first, userAgent: 'x' }, retry).evidence, 'none', 'another network alone')
  t.equal(sharingEvidence(first, retry).evidence, 'foreign')
  t.equal(sharingEvidence(first, { ...retry, ...first, hasSameIdempotencyKey: false }).evidence, 'same-place')
})
