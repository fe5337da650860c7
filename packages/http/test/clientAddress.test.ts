/** Client addresses as proxies write them. */
import fastify from 'fastify'
import t from 'tap'
import { clientAddressOf, fastifyDefaults, parseAddress, trustedProxies } from '../src/index.ts'

const addresses: Record<string, string | undefined> = {
  '192.0.2.1': '192.0.2.1',
  '192.0.2.1:40123': '192.0.2.1',
  '[2001:DB8::1]:443': '2001:db8::1',
  '[2001:db8::1]': '2001:db8::1',
  '2001:db8::1': '2001:db8::1',
  'fe80::1%eth0': 'fe80::1',
  '::ffff:192.0.2.1': '192.0.2.1',
  ' 192.0.2.1 ': '192.0.2.1',
  unknown: undefined,
  '': undefined,
  '192.0.2.1:x': undefined,
  '[192.0.2.1]:1': undefined,
  '999.0.0.1': undefined,
  [`1.1.1.1${' '.repeat(100)}`]: undefined,
}

t.test('parseAddress: returns the plain address, or undefined for anything else', async t => {
  for (const [text, address] of Object.entries(addresses)) t.equal(parseAddress(text), address, JSON.stringify(text))
})

t.test('trustedProxies: matches names, networks and addresses with or without a port', async t => {
  const isTrusted = trustedProxies('loopback, 203.0.113.0/24,2001:db8::/32,198.51.100.7')
  for (const address of ['127.0.0.1', '::1', '203.0.113.9:80', '[2001:db8::5]:1', '198.51.100.7', '::ffff:127.0.0.1'])
    t.ok(isTrusted(address), address)
  for (const address of ['10.0.0.1', '198.51.100.8', '2001:db9::1', 'garbage', undefined])
    t.notOk(isTrusted(address), String(address))
})

t.test('clientAddressOf: ignores ports, and falls back to the peer for garbage', async t => {
  const app = fastify({
    ...fastifyDefaults({ problemBase: 'http://x', realm: 'x', logLevel: 'silent', trustProxy: 'loopback' }),
  })
  app.get('/', async request => ({ address: clientAddressOf(request), id: request.id }))
  const from = async (forwarded: string) => {
    const headers = { 'x-forwarded-for': forwarded, 'x-request-id': 'from-the-proxy' }
    return (await app.inject({ url: '/', headers })).json()
  }
  t.equal((await from('192.0.2.1:5678')).address, '192.0.2.1')
  t.equal((await from('[2001:db8::1]:5678')).address, '2001:db8::1')
  t.equal((await from('192.0.2.9, 127.0.0.1:99')).address, '192.0.2.9', 'a trusted hop with a port is skipped')
  t.equal((await from(`<script>${'x'.repeat(5000)}`)).address, '127.0.0.1')
  t.equal((await from('192.0.2.1')).id, 'from-the-proxy')
  const outside = await app.inject({ url: '/', remoteAddress: '198.51.100.1', headers: { 'x-request-id': 'forged' } })
  t.not(outside.json().id, 'forged', 'a request id is accepted only from a trusted proxy')
  await app.close()
})
