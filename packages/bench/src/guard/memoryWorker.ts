/** Holds what a guard holds, so that a fresh process can say what memory it takes: tokens, or revocations. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '@gatehouse/clock'
import { accessTokenType } from '@gatehouse/contract'
import { revocationIndexOf } from '@gatehouse/e2e'
import { createVerifier, staticKeys, thumbprint } from '@gatehouse/guard'
import { entryCount } from '@gatehouse/protocol'

setFlagsFromString('--expose_gc')
const collect: () => void = runInNewContext('gc')

const [what = '', count = '0'] = process.argv.slice(2)
const before = usedBytes()
const beganMs = systemClock.nowMs()
const held = what === 'tokens' ? await holdTokens(Number(count)) : holdEntries(Number(count))
const tookMs = systemClock.nowMs() - beganMs
const bytes = usedBytes() - before
console.log(`held ${JSON.stringify({ held: held(), bytes, tookMs })}`)

function usedBytes(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function holdTokens(most: number): Promise<() => number> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keys = staticKeys([{ pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }])
  const rules = { issuer: 'https://auth.example.org', audience: 'gatehouse', clock: systemClock, cacheSize: most }
  const verifier = createVerifier({ ...rules, keys })
  const header = encoded({ alg: 'ES256', typ: accessTokenType, kid: thumbprint(publicKey) })
  for (let made = 0; made < most; made += 1) {
    const iat = Math.floor(systemClock.wallMs() / 1000)
    const about = { iss: rules.issuer, aud: rules.audience, client_id: 'first-party', scope: 'storage:restricted' }
    const times = { iat, exp: iat + 300, auth_time: iat, epoch: 0, global_epoch: 0 }
    const who = { sub: randomUUID(), sid: randomUUID(), jti: randomUUID(), roles: ['user'] }
    const input = `${header}.${encoded({ ...about, ...times, ...who })}`
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    await verifier.verify(`Bearer ${input}.${signature.toString('base64url')}`)
  }
  return () => verifier.size()
}

function holdEntries(most: number): () => number {
  const memory = revocationIndexOf(most)
  return () => entryCount(memory)
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
