/** The checks of signatures: node:crypto and @fastify/jwt decide alike, and only `true` passes. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type CreateSignatureCheck, createVerifier, keyFromPem, nodeCryptoCheck, staticKeys } from '@gatehouse/guard'
import { fastifyJwtCheck } from '@gatehouse/guard/fastify-jwt'
import { audience, claimsAt, issuer, problemCodeOf, signingKey, startMs, tokenOf } from '@gatehouse/testkit'
import t from 'tap'

const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
}

const signatureOf = (input: string, key: KeyObject, dsaEncoding: 'ieee-p1363' | 'der') =>
  sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(input), { key, dsaEncoding })

/** Signatures that belong to no valid token. */
function changedSignatures(input: string, key: KeyObject): Buffer[] {
  const valid = signatureOf(input, key, 'ieee-p1363')
  const bitFlips = Array.from({ length: valid.length }, (_, index) => {
    const changed = Buffer.from(valid)
    changed.writeUInt8(changed.readUInt8(index) ^ (1 << (index % 8)), index)
    return changed
  })
  const lengths = [valid.subarray(1), valid.subarray(0, -1), Buffer.concat([valid, Buffer.alloc(1)]), Buffer.alloc(1)]
  const values = [
    Buffer.alloc(valid.length),
    Buffer.alloc(valid.length, 0xff),
    signatureOf(`${input}x`, key, 'ieee-p1363'),
  ]
  const der = key.asymmetricKeyType === 'ec' ? [signatureOf(input, key, 'der')] : []
  return [...bitFlips, ...lengths, ...values, ...der]
}

for (const [alg, { publicKey, privateKey }] of Object.entries(pairs)) {
  t.test(`nodeCryptoCheck, fastifyJwtCheck: accept a valid signature of ${alg} and no other`, async t => {
    const key = keyFromPem(publicKey.export({ type: 'spki', format: 'pem' }).toString())
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const input = `${encode({ alg, typ: 'at+jwt', kid: key.kid })}.${encode(claimsAt(startMs))}`
    const tokenWith = (signature: Buffer) => `${input}.${signature.toString('base64url')}`
    const creates: Record<string, CreateSignatureCheck> = { nodeCryptoCheck, fastifyJwtCheck }
    for (const [name, create] of Object.entries(creates)) {
      const check = await create(key)
      const accepts = (token: string) => {
        try {
          return check(token)
        } catch {
          return false
        }
      }
      t.equal(accepts(tokenWith(signatureOf(input, privateKey, 'ieee-p1363'))), true, name)
      for (const signature of changedSignatures(input, privateKey))
        if (accepts(tokenWith(signature))) t.fail(`${name} accepts ${signature.toString('hex')}`)
    }
  })
}

t.test('verify: only a check that returns true passes', async t => {
  const key = signingKey()
  const options = { issuer, audience, timeMs: () => startMs, keys: staticKeys([{ pem: key.pem }]) }
  const authorization = `Bearer ${tokenOf(key, claimsAt(startMs))}`
  const verifyWith = (check: (token: string) => unknown) => async () => {
    const createSignatureCheck = (() => check) as CreateSignatureCheck
    await createVerifier({ ...options, createSignatureCheck }).verify(authorization)
  }
  t.equal(await problemCodeOf(verifyWith(() => true)), null)
  const refused = {
    false: () => false,
    undefined: () => undefined,
    promise: async () => true,
    claims: () => ({ sub: 'a' }),
  }
  for (const [name, check] of Object.entries(refused))
    t.equal(await problemCodeOf(verifyWith(check)), 'token-invalid', name)
  const fails = () => {
    throw new RangeError('of the library')
  }
  t.equal(await problemCodeOf(verifyWith(fails)), 'token-invalid')
})
