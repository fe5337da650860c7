/** The metadata of the resource (RFC 9728) and its OpenAPI document. */
import { bearer, issuer } from '@gatehouse/testkit'
import t from 'tap'
import { metadataUrlOf } from '../src/routes/metadata.ts'
import { resource } from './helpers/service.ts'

const metadataUrl = 'https://shop.example/.well-known/oauth-protected-resource/api'

/** @conforms RFC 9728 section 3.2: the metadata names the auth service and is open to every origin. */
/** @conforms RFC 9728 section 5.1: every Bearer challenge has `resource_metadata`. */
/** @conforms RFC 9728 section 2: `resource` is the URL of the service. */
/** @conforms RFC 9728 section 3.3: `resource` is the URL from which the path of the metadata is formed. */
t.test('metadata: names the auth service, and every Bearer challenge names the metadata', async t => {
  const service = await resource(t, { RESOURCE_URL: 'https://shop.example/api' })
  const { status, headers, text } = await service.send('/.well-known/oauth-protected-resource', {
    origin: 'https://other.example',
  })
  t.equal(status, 200)
  t.equal(headers['access-control-allow-origin'], '*')
  t.match(JSON.parse(text), { resource: 'https://shop.example/api', authorization_servers: [issuer] })
  const refused = [
    await service.send('/storage'),
    await service.send('/storage', bearer('nonsense')),
    await service.send('/storage/restricted', bearer(service.token())),
  ]
  for (const { headers } of refused)
    t.match(String(headers['www-authenticate']), new RegExp(`^Bearer .*, resource_metadata="${metadataUrl}"$`))
})

t.test('metadata: without RESOURCE_URL there is none, and no challenge names it', async t => {
  const service = await resource(t)
  t.equal((await service.send('/.well-known/oauth-protected-resource')).status, 404)
  t.notMatch((await service.send('/storage')).headers['www-authenticate'], 'resource_metadata')
})

/** @conforms RFC 9728 section 3.1: the well-known path is inserted before the path of the resource. */
t.test('metadata: the well-known path is inserted before the path of the resource', async t => {
  t.equal(metadataUrlOf('https://shop.example/api'), metadataUrl)
  t.equal(metadataUrlOf('https://shop.example'), 'https://shop.example/.well-known/oauth-protected-resource')
})

t.test('OpenAPI: describes each guarded route, its refusals and their challenges', async t => {
  const service = await resource(t, { RESOURCE_URL: 'https://shop.example/api' })
  const document = JSON.parse((await service.send('/openapi.json')).text)
  t.strictSame(Object.keys(document.paths).sort(), [
    ...['/.well-known/oauth-protected-resource', '/me', '/storage', '/storage/restricted'],
  ])
  const { get, post } = document.paths['/storage']
  t.strictSame(Object.keys(get.responses), ['200', '400', '401', '403', '500', '503'])
  t.ok(get.responses[401].headers['WWW-Authenticate'])
  t.ok(post.responses[413] && post.responses[415])
  t.match(document.paths['/storage/restricted'].get.responses[403].description, '`insufficient-scope`')
  t.ok(document.components.schemas.Problem)
})
