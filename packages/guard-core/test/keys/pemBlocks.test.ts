/** Public keys that were given as PEM. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { thumbprint } from '../../src/keys/publicKey.ts'
import { resolveOptions } from '../../src/options.ts'

const newPem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }).toString()

t.test('publicKey: every PEM block of a text verifies, as during a key rotation', async t => {
  const pems = [newPem(), newPem()]
  const rest = { issuer: 'http://x', audience: 'y', clientId: 'c', clientSecret: 's' }
  for (const publicKey of [pems.join(''), pems]) {
    const { keys } = resolveOptions({ ...rest, publicKey })
    for (const pem of pems) t.ok(keys.find(thumbprint(createPublicKey(pem))))
  }
  t.throws(() => resolveOptions({ ...rest, publicKey: 'no PEM' }))
})
