/** `gatehouse clients list-keys | add-key | remove-key`, run as a process. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { homeFor, runner } from '../helpers/cli.ts'
import { createClient, postForm } from '../helpers/oauthForms.ts'
import { assertProblem, password } from '../helpers/service.ts'

t.test('clients: keys are added, listed and removed; a secret ends, and a private key is never sent', async t => {
  const service = await startWithAdmin(t)
  await createClient(service, 'robot', ['users:read'])
  const home = await homeFor(t)
  const gatehouse = runner({ GATEHOUSE_HOME: home, PASSWORD: password })
  const fileOf = async (name: string, text: string) => {
    await writeFile(join(home, name), text)
    return join(home, name)
  }
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = await fileOf('public.pem', String(pair.publicKey.export({ type: 'spki', format: 'pem' })))
  const secret = await fileOf('private.pem', String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })))
  const next = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'next' }
  const jwk = await fileOf('next.json', JSON.stringify(next))
  await gatehouse('login', '--url', service.url, '--email', service.admin.email)

  t.match(await gatehouse('clients', 'add-key', 'robot', secret, '--yes'), { code: 2, stderr: /private key/ })
  t.match(await gatehouse('clients', 'add-key', 'robot', join(home, 'none'), '--yes'), { code: 2, stderr: /ENOENT/ })
  t.match(await gatehouse('clients', 'add-key', 'robot', pem), { code: 2, stderr: /secret of robot/ })
  t.match(await gatehouse('clients', 'list-keys', 'robot', '--json'), { code: 0, stdout: '[]' })
  t.match(await gatehouse('clients', 'list-keys', 'unknown'), { code: 2, stderr: /no client unknown/ })

  const [first] = JSON.parse((await gatehouse('clients', 'add-key', 'robot', pem, '--yes', '--json')).stdout)
  t.match(first, { kty: 'EC', crv: 'P-256', kid: /^[\w-]{43}$/ }, 'a key without an id gets its thumbprint')
  const refused = await postForm(service, '/oauth/token', { grant_type: 'client_credentials' }, 'robot')
  t.match(refused.body, { error: 'invalid_client' })
  t.match(await gatehouse('clients', 'add-key', 'robot', jwk), { code: 0, stdout: /next +OKP +Ed25519/ })
  t.match(await gatehouse('clients', 'add-key', 'robot', jwk), { code: 1, stderr: /request-malformed/ })
  t.match(await gatehouse('clients', 'remove-key', 'robot', first.kid), { code: 2, stderr: /Add --yes/ })
  t.match(await gatehouse('clients', 'remove-key', 'robot', 'other', '--yes'), { code: 2, stderr: /no key other/ })
  t.match(await gatehouse('clients', 'remove-key', 'robot', first.kid, '--yes'), { code: 0, stdout: /next/ })
  t.match(await gatehouse('clients', 'remove-key', 'robot', 'next', '--yes'), { code: 2, stderr: /the last key/ })
  t.match(JSON.parse((await gatehouse('clients', 'list-keys', 'robot', '--json')).stdout), [next])

  const body = { jwks: { keys: [next] }, replacedKids: [first.kid] }
  const late = await service.callAsAdmin('/admin/clients/robot/keys', { method: 'PUT', body })
  assertProblem(t, late, 'conflict')
})
