/** Fills a token cache or revocation index in a new process, and prints its memory. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '@gatehouse/clock'
import { accessTokenType } from '@gatehouse/contract'
import { revocationIndexOf } from '@gatehouse/e2e'
import { createVerifier, staticKeys, thumbprint } from '@gatehouse/guard'
import { entryCount } from '@gatehouse/protocol'

setFlagsFromString('--expose_gc')
const collectGarbage: () => void = runInNewContext('gc')

const [kind = '', count = '0'] = process.argv.slice(2)
const before = usedBytes()
const storedCount = kind === 'tokens' ? await storeTokens(Number(count)) : storeEntries(Number(count))
const bytes = usedBytes() - before
console.log(`stored ${JSON.stringify({ stored: storedCount(), bytes })}`)

function usedBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function storeTokens(count: number): Promise<() => number> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keys = staticKeys([{ pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }])
  const rules = {
    issuer: 'https://auth.example.org',
    audience: 'gatehouse',
    timeMs: systemClock.wallMs,
    cacheSize: count,
  }
  const verifier = createVerifier({ ...rules, keys })
  const header = encoded({ alg: 'ES256', typ: accessTokenType, kid: thumbprint(publicKey) })
  const fixedClaims = { iss: rules.issuer, aud: rules.audience, client_id: 'first-party', scope: 'storage:restricted' }
  for (let index = 0; index < count; index += 1) {
    const iat = Math.floor(systemClock.wallMs() / 1000)
    const times = { iat, exp: iat + 300, auth_time: iat, epoch: 0, global_epoch: 0 }
    const ids = { sub: randomUUID(), sid: randomUUID(), jti: randomUUID(), roles: ['user'] }
    const input = `${header}.${encoded({ ...fixedClaims, ...times, ...ids })}`
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    await verifier.verify(`Bearer ${input}.${signature.toString('base64url')}`)
  }
  return () => verifier.size()
}

function storeEntries(count: number): () => number {
  const index = revocationIndexOf(count)
  return () => entryCount(index)
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
