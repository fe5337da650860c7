/** Fills a token cache or revocation index in a new process, and prints its memory. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '@gatehouse/clock'
import { revocationIndexOf } from '@gatehouse/e2e'
import { createVerifier, staticKeys } from '@gatehouse/guard'
import { entryCount } from '@gatehouse/protocol'
import { audience, claimsAt, issuer, signingKey, tokenOf } from '@gatehouse/testkit'

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
  const key = signingKey()
  const keys = staticKeys([{ pem: key.pem }])
  const verifier = createVerifier({ issuer, audience, timeMs: systemClock.wallMs, cacheSize: count, keys })
  for (let index = 0; index < count; index += 1)
    await verifier.verify(`Bearer ${tokenOf(key, claimsAt(systemClock.wallMs()))}`)
  return () => verifier.size()
}

function storeEntries(count: number): () => number {
  const index = revocationIndexOf(count)
  return () => entryCount(index)
}
