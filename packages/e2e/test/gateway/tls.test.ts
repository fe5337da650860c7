/** TLS at the gateway with the shipped listener. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { connect } from 'node:tls'
import t from 'tap'
import { requireNginx, startGateway } from '../../src/gateway/nginx.ts'

requireNginx((count, why) => t.plan(count, why))

t.test('tls: accepts TLS 1.2 and newer, and forwards the scheme https', async t => {
  const certificates = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
  const [crt, key] = ['tls.crt', 'tls.key'].map(name => join(certificates, name)) as [string, string]
  const names = ['-subj', '/CN=gatehouse', '-addext', 'subjectAltName=IP:127.0.0.1']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', crt], { stdio: 'ignore' })
  const echo = createServer((request, response) => response.end(JSON.stringify(request.headers))).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const address = `127.0.0.1:${(echo.address() as AddressInfo).port}`
  const gateway = await startGateway({ auths: [address], resources: [address], certificates })
  t.teardown(async () => {
    await gateway.stop()
    echo.close()
    rmSync(certificates, { recursive: true, force: true })
  })

  const ca = readFileSync(crt)
  const ask = async (path: string): Promise<IncomingMessage> =>
    (await once(get(`${gateway.url}${path}`, { ca, agent: false }), 'response'))[0]
  const passed = await ask('/auth/me')
  t.equal(passed.headers['strict-transport-security'], 'max-age=31536000')
  t.match(await json(passed), { 'x-forwarded-proto': 'https', 'x-forwarded-host': `127.0.0.1:${gateway.port}` })
  const refused = await ask('/nothing')
  t.equal(refused.headers['strict-transport-security'], 'max-age=31536000')
  t.match(await json(refused), { code: 'not-found', type: `${gateway.url}/auth/problems/not-found` })

  const old = connect({ host: '127.0.0.1', port: gateway.port, ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })
  const [error] = await once(old, 'error')
  t.match(error.code, /^ERR_SSL/)
})

t.test('tls: answers plain HTTP with a problem', async t => {
  const certificates = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
  t.teardown(() => rmSync(certificates, { recursive: true, force: true }))
  const files = ['-keyout', join(certificates, 'tls.key'), '-out', join(certificates, 'tls.crt')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=a', ...files], {
    stdio: 'ignore',
  })
  const gateway = await startGateway({ auths: ['127.0.0.1:9'], resources: ['127.0.0.1:9'], certificates })
  t.teardown(gateway.stop)
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/auth/me`)
  t.equal(answer.status, 400)
  t.match(await answer.json(), { code: 'request-malformed', action: 'stop' })
})
