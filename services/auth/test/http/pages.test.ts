/** The web pages: their headers, their files below any prefix, and the switch that turns them off. */
import { extname } from 'node:path'
import t, { type Test } from 'tap'
import { rawRequest, sendRaw } from '../helpers/rawRequest.ts'
import { startService } from '../helpers/service.ts'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"

async function get(url: string, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(url + path, { headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

async function checkPage(t: Test, url: string, path: string): Promise<void> {
  const { status, headers, text } = await get(url, path)
  t.equal(status, 200, path)
  t.equal(headers.get('content-security-policy'), policy)
  t.equal(headers.get('x-content-type-options'), 'nosniff')
  t.equal(headers.get('referrer-policy'), 'no-referrer')
  t.equal(headers.get('cache-control'), 'no-cache')
  t.match(headers.get('content-type'), /^text\/html/)
  t.notMatch(text, /<script(?![^>]* src=)|<style| style=|\son\w+=/, 'nothing inline')
  const files = [...text.matchAll(/(?:src|href)="([^"]*assets[^"]*)"/g)].map(([, file = '']) => file)
  for (const kind of ['.js', '.css']) t.ok(files.map(file => extname(file)).includes(kind), kind)
  for (const file of files) {
    t.notMatch(file, /^\//, 'relative, so that a gateway can add a prefix')
    const asset = await get(url, new URL(file, `http://auth.test${path}`).pathname)
    t.equal(asset.status, 200, file)
    t.match(asset.headers.get('cache-control'), /immutable/)
    t.equal(asset.headers.get('content-encoding'), 'gzip')
  }
}

t.test('pages', async t => {
  const { url } = await startService(t)

  await t.test('each page is served at every depth with its policy, and finds its files', async t => {
    const console = ['', '/users', '/users/7?tab=1', '/audit/'].map(path => `/console${path}`)
    for (const path of ['/account', '/account/', '/account/device?user_code=BCDF-GHJK', ...console])
      await checkPage(t, url, path)
  })

  await t.test('a file is sent as it is to a client without gzip', async t => {
    const [, script = ''] = /src="([^"]+)"/.exec((await get(url, '/account')).text) ?? []
    const asset = await get(url, `/${script}`, { 'accept-encoding': 'identity' })
    t.equal(asset.headers.get('content-encoding'), null)
    t.equal(asset.headers.get('vary'), 'accept-encoding')
  })

  await t.test('no other file is served', async t => {
    for (const path of ['manifest.json', '..%2fmanifest.json', 'main.js', 'account.js.gz']) {
      t.equal((await get(url, `/console/assets/${path}`)).status, 404, path)
    }
    const outside = rawRequest('GET /console/assets/../../../package.json', ['Host: a', 'Connection: close'])
    const { status, body } = await sendRaw(url, outside)
    t.not(status, 500)
    t.notMatch(body, /devDependencies/)
  })
})

t.test('CONSOLE=false: neither page exists', async t => {
  const { url } = await startService(t, { CONSOLE: 'false' })
  for (const path of ['/console', '/account', '/console/users', '/account/assets/x.js']) {
    t.equal((await get(url, path)).status, 404, path)
  }
})
