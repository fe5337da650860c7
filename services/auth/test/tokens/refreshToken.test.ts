/** The refresh token: its layout, and that any alteration is refused. */
import { randomBytes } from 'node:crypto'
import { pgProxy, until } from '@gatehouse/testkit'
import t from 'tap'
import { hmacSha256, sha256 } from '../../src/keys/hmac.ts'
import { readRefreshKeys } from '../../src/keys/refreshKeys.ts'
import { decodeRefreshToken, encodeRefreshToken, newSecret, successorSecret } from '../../src/tokens/refreshToken.ts'
import { startReplica, untilStarted } from '../helpers/replicas.ts'
import { assertProblem, renew, startService, type TestSession } from '../helpers/service.ts'
import { bytesOf, generationOf } from '../helpers/tokens.ts'

const oldKey = randomBytes(32).toString('hex')
const newKey = randomBytes(32).toString('hex')
const ring = readRefreshKeys(`7:${oldKey}`)
const sessionId = '01234567-89ab-4cde-8f01-23456789abcd'
const secret = newSecret()
const token = encodeRefreshToken({ sessionId, generation: 258, secret }, ring)

t.test('refresh token: encodes version, key id, session, generation, secret (32 bytes) and tag (16 bytes)', async t => {
  const bytes = bytesOf(token)
  t.match(token, /^ghr_[\w-]{94}$/)
  t.equal(bytes.length, 70)
  t.equal(bytes.subarray(0, 22).toString('hex'), `0107${sessionId.replaceAll('-', '')}00000102`)
  t.same(bytes.subarray(22, 54), secret)
  t.same(decodeRefreshToken(token, ring), { sessionId, generation: 258, secret, keyId: 7 })
})

t.test('refresh token: is refused with any single bit changed', async t => {
  const bytes = bytesOf(token)
  let taken = 0
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const altered = Buffer.from(bytes)
    altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    if (decodeRefreshToken(`ghr_${altered.toString('base64url')}`, ring) !== undefined) taken += 1
  }
  t.equal(taken, 0)
})

t.test('refresh token: only the canonical base64url spelling is accepted', async t => {
  const body = token.slice('ghr_'.length)
  const last = body.at(-1) ?? ''
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const strayBits = alphabet[alphabet.indexOf(last) ^ 1]
  const spellings = {
    padding: `${token}==`,
    'stray bits in the last character': token.slice(0, -1) + strayBits,
    'a space after': `${token} `,
    'a space before': ` ${token}`,
    'a line break within': `${token.slice(0, 30)}\n${token.slice(30)}`,
    'a foreign character within': `${token.slice(0, 30)}!${token.slice(30)}`,
    'the other alphabet': `ghr_${bytesOf(token).toString('base64').replaceAll('=', '')}+`,
    'another prefix': `ghx_${body}`,
    'no prefix': body,
    'a capital prefix': `GHR_${body}`,
    cut: token.slice(0, -4),
    longer: `${token}AAAA`,
    twice: token + token,
    nothing: '',
    'only the prefix': 'ghr_',
  }
  for (const [name, text] of Object.entries(spellings)) t.equal(decodeRefreshToken(text, ring), undefined, name)
})

t.test('refresh token: the successor depends on the server key', async t => {
  const mine = decodeRefreshToken(token, ring)
  if (mine === undefined) throw new Error('unreadable')
  const successor = successorSecret(mine, ring)
  t.equal(successor.length, 32)
  t.same(successorSecret(mine, ring), successor, 'every retry returns the same successor')
  t.notSame(successorSecret(mine, readRefreshKeys(`7:${newKey}`)), successor)
  t.notSame(successor, sha256(secret))
  const key = ring.active
  t.notSame(key.tag(secret), key.successor(secret), 'each purpose has a key of its own')
  t.notSame(key.tag(secret), hmacSha256(Buffer.from(oldKey, 'hex'))(secret))
})

t.test('renew: refuses altered and invented tokens without a query, also without a database', async t => {
  const { environment, createUser, login, database } = await startService(t, { RENEW_FAILURES: '1000' })
  const { refreshToken } = await login(await createUser())
  const line = await pgProxy(t, database.url)
  const settings = { DATABASE_URL: line.url, HOUSEKEEPING_SECONDS: '86400' }
  const replica = await startReplica(t, { environment }, settings)
  await untilStarted({ database }, replica)
  t.equal((await renew(replica, refreshToken)).status, 200)
  await until(() => line.statements() === 0, 'what begins with the service is done')

  const bytes = bytesOf(refreshToken)
  for (let index = 0; index < bytes.length; index += 1) {
    const altered = Buffer.from(bytes)
    altered.writeUInt8(altered.readUInt8(index) ^ 0x55, index)
    assertProblem(t, await renew(replica, `ghr_${altered.toString('base64url')}`), 'refresh-invalid')
  }
  t.ok(line.statements() <= 1, 'failures are summed in memory')
  line.cut()
  assertProblem(t, await renew(replica, token), 'refresh-invalid')
  assertProblem(t, await renew(replica, refreshToken), 'unavailable')
})

t.test('renew: a key rotation ends no session, also between the first use of a token and its retry', async t => {
  const before = await startService(t, { REFRESH_KEYS: `1:${oldKey}` })
  const { refreshToken } = await before.login(await before.createUser())
  const first = (await renew(before, refreshToken)).body as TestSession

  const during = await startReplica(t, before, { REFRESH_KEYS: `2:${newKey},1:${oldKey}` })
  const retried = await renew(during, refreshToken)
  t.equal(retried.status, 200)
  const second = (retried.body as TestSession).refreshToken
  t.equal(bytesOf(second).readUInt8(1), 2, 'written under the new key')
  const secretOf = (text: string) => bytesOf(text).subarray(22, 54).toString('hex')
  t.equal(secretOf(second), secretOf(first.refreshToken), 'the same successor')
  t.equal(generationOf(second), 1)

  const third = await renew(during, second)
  t.equal(third.status, 200)
  const other = await renew(during, first.refreshToken)
  t.equal(other.status, 200, 'the other encoding of the token is a retry, not reuse')
  const fourth = (other.body as TestSession).refreshToken
  t.equal(secretOf(fourth), secretOf((third.body as TestSession).refreshToken), 'returns the same successor')
  t.equal((await renew(during, fourth)).status, 200, 'the successor is current')

  const after = await startReplica(t, before, { REFRESH_KEYS: `2:${newKey}` })
  assertProblem(t, await renew(after, refreshToken), 'refresh-invalid')
  t.equal((await renew(after, (third.body as TestSession).refreshToken)).status, 200)
})
