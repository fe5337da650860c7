/** What the gateway serves at `/`: a folder, a server, or nothing. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listenOnLoopback } from '@gatehouse/testkit'
import t from 'tap'
import { requireNginx, startGateway } from '../../src/gateway/nginx.ts'

requireNginx((count, why) => t.plan(count, why))

const services = { auths: ['127.0.0.1:9'], resources: ['127.0.0.1:9'] }
const scripts = fileURLToPath(new URL('../../../../../services/gateway/', import.meta.url))

t.test('frontend: a folder is served with its types, and paths of the application get index.html', async t => {
  const wellKnown = { 'apple-app-site-association': '{}', 'security.txt': 'Contact:', '.env': 'SECRET=1' }
  const frontendFolder = t.testdir({
    'index.html': '<h1>Shop</h1>',
    '.env': 'SECRET=1',
    assets: { 'app.js': 'run()' },
    '.well-known': wellKnown,
  })
  const gateway = await startGateway({ ...services, frontendFolder })
  t.teardown(gateway.stop)
  const get = async (path: string) => {
    const response = await fetch(`${gateway.url}${path}`)
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }
  for (const path of ['/', '/orders/7'])
    t.match(await get(path), { status: 200, type: 'text/html', text: /Shop/ }, path)
  t.match(await get('/assets/app.js'), { status: 200, type: 'text/javascript', text: 'run()' })
  t.match(await get('/.well-known/apple-app-site-association'), { status: 200, type: 'application/json', text: '{}' })
  t.match(await get('/.well-known/security.txt'), { status: 200, type: 'text/plain' })
  for (const path of ['/.well-known/assetlinks.json', '/.well-known/.env', '/.well-known', '/.well-known/'])
    t.match(await get(path), { status: 404, type: 'application/problem+json' }, path)
  t.match(await get('/.well-known/openid-configuration/auth'), { status: 502 }, 'what Gatehouse serves there stays')
  for (const path of ['/assets/missing.js', '/.env', '/auth', '/api', '/auth/metrics'])
    t.match(await get(path), { status: 404, type: 'application/problem+json' }, path)
  t.match(await get('/auth/me'), { status: 502 }, 'prefixes still lead to the services')
})

t.test('frontend: a server is reached at /, without the identity headers of the client', async t => {
  const server = createServer((request, response) =>
    response.end(`${request.url} ${request.headers['x-auth-subject']}`),
  )
  const url = await listenOnLoopback(server, t.teardown)
  const gateway = await startGateway({ ...services, frontendAddress: new URL(url).host })
  t.teardown(gateway.stop)
  const response = await fetch(`${gateway.url}/orders?page=2`, { headers: { 'x-auth-subject': 'admin' } })
  t.equal(await response.text(), '/orders?page=2 undefined')
  t.equal(await (await fetch(`${gateway.url}/.well-known/security.txt`)).text(), '/.well-known/security.txt undefined')
})

t.test('frontend: without a setting, / is 404', async t => {
  const gateway = await startGateway(services)
  t.teardown(gateway.stop)
  t.equal((await fetch(gateway.url)).status, 404)
})

t.test('gateway settings: wrong values and a missing Lua module are refused in a sentence', async t => {
  const folder = t.testdir()
  const render = (script: string, env: Record<string, string>) =>
    execFileSync(join(scripts, script), { env: { PATH: process.env['PATH'], RENDERED: folder, ...env }, stdio: 'pipe' })
  const frontend = (env: Record<string, string>) => render('render-frontend.sh', env)
  t.throws(() => frontend({ FRONTEND_FOLDER: '/srv', FRONTEND_ADDRESS: 'web:80' }), { message: /both set/ })
  t.throws(() => frontend({ FRONTEND_FOLDER: 'dist' }), { message: /must be an absolute path, not "dist"/ })
  t.throws(() => frontend({ FRONTEND_ADDRESS: 'web:80; return 200' }), { message: /may contain/ })
  for (const BODY_TIMEOUT of ['0', '1.5', '-1', '10s', '1000', '5; return 200'])
    t.throws(() => render('render-lua.sh', { BODY_TIMEOUT }), { message: /BODY_TIMEOUT must be a number of seconds/ })
  t.throws(() => render('render-lua.sh', { NGINX_MODULES: folder }), { message: /install libnginx-mod-http-lua/ })
  render('render-lua.sh', { NGINX_MODULES: '' })
  t.equal(readFileSync(join(folder, 'modules.conf'), 'utf8'), '')
})
