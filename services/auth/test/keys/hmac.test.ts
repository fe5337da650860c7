/** HMAC-SHA-256 from two hashes agrees with RFC 4231 and with Node. */
import { createHmac, randomBytes } from 'node:crypto'
import t from 'tap'
import { hmacSha256, sha256 } from '../../src/keys/hmac.ts'

t.test('hmacSha256: matches the RFC 4231 vectors whose keys fit into a block', async t => {
  const vectors = [
    ['0b'.repeat(20), hex('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      hex('Jefe'),
      hex('what do ya want for nothing?'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ['aa'.repeat(20), 'dd'.repeat(50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    [
      '0102030405060708090a0b0c0d0e0f10111213141516171819',
      'cd'.repeat(50),
      '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
    ],
  ] as const
  for (const [key, value, expected] of vectors) {
    t.equal(hmacSha256(Buffer.from(key, 'hex'))(Buffer.from(value, 'hex')).toString('hex'), expected)
  }
})

t.test('hmacSha256: agrees with createHmac for every supported key length', async t => {
  for (let length = 0; length <= 64; length += 1) {
    const [key, value] = [randomBytes(length), randomBytes(length * 3)]
    t.same(hmacSha256(key)(value), createHmac('sha256', key).update(value).digest())
  }
  t.throws(() => hmacSha256(randomBytes(65)), RangeError)
})

t.test('sha256: a later digest does not overwrite an earlier one', async t => {
  const first = sha256('abc')
  const copy = Buffer.from(first)
  for (let round = 0; round < 1000; round += 1) sha256(randomBytes(40))
  t.same(first, copy)
  t.equal(first.toString('hex'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}
