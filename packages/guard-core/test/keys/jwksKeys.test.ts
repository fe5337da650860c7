/** Fetched keys: how often, and what happens when they change or a fetch fails. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jwksKeys, keysFromJwks } from '@gatehouse/guard-core'
import { type FakeClock, fakeClock, problemCodeOf, signingKey, startMs } from '@gatehouse/testkit'
import t, { type Test } from 'tap'

interface Endpoint {
  server: Server
  url: string
  fetches: number
  answer: () => { status: number; body: string }
  /** Resolves at the next fetch. */
  next(): Promise<void>
}

async function fixture(t: Test, over: object = {}) {
  const clock = fakeClock({ wallMs: startMs })
  const key = signingKey()
  const endpoint = await endpointOf(t)
  endpoint.answer = () => ({ status: 200, body: JSON.stringify({ keys: [key.jwk] }) })
  const keys = jwksKeys({ url: endpoint.url, clock, random: () => 0.5, ...over })
  t.teardown(() => keys.stop())
  return { clock, key, endpoint, keys }
}

async function endpointOf(t: Test): Promise<Endpoint> {
  const waiting: (() => void)[] = []
  const server = createServer((_request, response) => {
    endpoint.fetches += 1
    for (const wake of waiting.splice(0)) wake()
    const { status, body } = endpoint.answer()
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  const endpoint: Endpoint = {
    server,
    url: '',
    fetches: 0,
    answer: () => ({ status: 200, body: '{"keys":[]}' }),
    next: () => new Promise(resolve => waiting.push(resolve)),
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  endpoint.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  return endpoint
}

/** Advances the clock until the endpoint receives the next fetch. */
async function untilNextFetch(endpoint: Endpoint, clock: FakeClock, ms: number): Promise<void> {
  const next = endpoint.next()
  await clock.advance(ms)
  await next
}

t.test('fetchKey: unknown keys cause one fetch per cool-down, which concurrent calls share', async t => {
  const { clock, endpoint, keys } = await fixture(t)
  await keys.start()
  t.equal(endpoint.fetches, 1)
  for (let round = 2; round < 4; round += 1) {
    const flood = await Promise.all(Array.from({ length: 500 }, (_, n) => keys.fetchKey(`unknown-${n}`)))
    t.ok(flood.every(key => key === undefined))
    t.equal(endpoint.fetches, round - 1, 'no fetch within the cool-down')
    await clock.advance(30_000)
    await Promise.all(Array.from({ length: 500 }, (_, n) => keys.fetchKey(`unknown-${n}`)))
    t.equal(endpoint.fetches, round, 'one fetch after it')
  }
})

t.test('fetchKey: finds a new key', async t => {
  const { clock, endpoint, keys, key } = await fixture(t)
  await keys.start()
  const added = signingKey()
  endpoint.answer = () => ({ status: 200, body: JSON.stringify({ keys: [key.jwk, added.jwk] }) })
  await clock.advance(30_000)
  t.equal((await keys.fetchKey(added.kid))?.kid, added.kid)
  t.ok(keys.find(key.kid))
})

t.test('refresh: withdraws a key that is no longer published, and keeps the object of the others', async t => {
  const { clock, endpoint, keys, key } = await fixture(t)
  const stays = signingKey()
  endpoint.answer = () => ({ status: 200, body: JSON.stringify({ keys: [key.jwk, stays.jwk] }) })
  await keys.start()
  const [gone, kept] = [keys.find(key.kid), keys.find(stays.kid)]
  endpoint.answer = () => ({ status: 200, body: JSON.stringify({ keys: [stays.jwk] }) })
  await untilNextFetch(endpoint, clock, 300_000)
  await keys.fetchKey('unknown')
  t.equal(keys.find(key.kid), undefined)
  t.equal(gone?.isWithdrawn, true)
  t.equal(keys.find(stays.kid), kept)
  t.equal(kept?.isWithdrawn, false)
})

t.test('endpoint down: known keys stay valid, and an unknown key is unavailable', async t => {
  const { clock, endpoint, keys, key } = await fixture(t)
  await keys.start()
  endpoint.answer = () => ({ status: 500, body: '' })
  await untilNextFetch(endpoint, clock, 300_000)
  t.equal(await problemCodeOf(() => keys.fetchKey('unknown')), 'unavailable')
  t.ok(keys.find(key.kid))
})

t.test('start: keys are unavailable until the first fetch succeeds', async t => {
  const { clock, endpoint, keys, key } = await fixture(t)
  endpoint.answer = () => ({ status: 503, body: '' })
  await keys.start()
  t.equal(keys.isLoaded(), false)
  t.equal(await problemCodeOf(() => keys.fetchKey(key.kid)), 'unavailable')
  endpoint.answer = () => ({ status: 200, body: JSON.stringify({ keys: [key.jwk] }) })
  await untilNextFetch(endpoint, clock, 5000)
  t.equal((await keys.fetchKey(key.kid))?.kid, key.kid, 'the next refresh loads it')
})

t.test('refresh: ignores a response that is too large or no JWK Set', async t => {
  const faults: unknown[] = []
  const { clock, endpoint, keys, key } = await fixture(t, { onFailure: (error: unknown) => faults.push(error) })
  await keys.start()
  for (const body of [`{"keys":[${'1,'.repeat(40_000)}1]}`, 'hello', '[]', '{"keys":1}']) {
    endpoint.answer = () => ({ status: 200, body })
    await clock.advance(30_000)
    t.equal(await problemCodeOf(() => keys.fetchKey('unknown')), 'unavailable', body.slice(0, 20))
    t.ok(keys.find(key.kid))
  }
  t.ok(faults.length >= 4)
})

t.test('fetchKey: a fetch that times out is unavailable', async t => {
  const { clock, endpoint, keys, key } = await fixture(t)
  await keys.start()
  endpoint.server.removeAllListeners('request')
  const requested = new Promise<void>(resolve => endpoint.server.on('request', () => resolve()))
  await clock.advance(30_000)
  const sought = problemCodeOf(() => keys.fetchKey('unknown'))
  await requested
  await clock.advance(5000)
  t.equal(await sought, 'unavailable')
  t.ok(keys.find(key.kid))
})

t.test('keysFromJwks: reads each supported public key once, up to the limit', async t => {
  const good = signingKey()
  const d = { ...good.privateKey.export({ format: 'jwk' }), kid: 'private' }
  const odd = [null, 7, {}, { kty: 'oct', k: 'AA', kid: 'hmac' }, d, { ...good.jwk, kid: 'enc', use: 'enc' }]
  const others = [{ ...good.jwk, kid: 'alg', alg: 'RS256' }, { ...good.jwk, kid: 7 }, good.jwk, good.jwk]
  t.same(
    keysFromJwks({ keys: [...odd, ...others] }, 20).map(key => key.kid),
    [good.kid],
  )
  t.equal(keysFromJwks({ keys: Array.from({ length: 50 }, () => signingKey('EdDSA').jwk) }, 20).length, 20)
})
