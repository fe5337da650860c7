/** The cost of a token: its first verification, and a decision once it is known. */
import { createPublicKey, verify } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import { clientSecret } from '@gatehouse/e2e'
import { createGuard, createVerifier, staticKeys } from '@gatehouse/guard'
import { type BenchRun, inRounds, inTurn } from '../benchRun.ts'
import { comparison, figure, meanOf, type Result } from '../result.ts'

const tokenCount = 1000
/** V8 compiles the code during the first thousands of tokens. */
const warmUpRounds = 10

export async function guardCold(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  const tokens = (await environment.sessions(tokenCount)).map(({ accessToken }) => accessToken)
  const { issuer } = environment.system
  const keys = staticKeys([{ pem: environment.publicKey }])
  const options = { issuer, audience: 'gatehouse', clock: systemClock, timeMs: systemClock.wallMs, keys }

  const cold = async () => {
    // Every token is unknown to a new verifier. The first token prepares its key.
    const verifier = createVerifier(options)
    const [first, ...rest] = tokens
    await verifier.verify(`Bearer ${first}`)
    const startMs = systemClock.nowMs()
    // With the key prepared, verification is synchronous.
    for (const token of rest) void verifier.verify(`Bearer ${token}`)
    return microsecondsEach(startMs, rest.length)
  }
  const key = { key: createPublicKey(environment.publicKey), dsaEncoding: 'ieee-p1363' as const }
  const bare = async () => {
    const startMs = systemClock.nowMs()
    for (const token of tokens) assertSignature(token, key)
    return microsecondsEach(startMs, tokens.length)
  }
  await inTurn(warmUpRounds, cold, bare)
  // Each round consists of many short rounds, since the speed of a shared machine varies from
  // moment to moment.
  const shortRounds = benchRun.isQuick ? 3 : 10
  const pairs = await inRounds(benchRun.rounds, async () => meanOf(await inTurn(shortRounds, cold, bare)))
  const what = 'the first verification of a token, against the bare check of its signature'
  return [comparison({ name: 'guard-cold', unit: 'us', aim: 'at most 1.15', what }, pairs)]
}

function assertSignature(token: string, key: Parameters<typeof verify>[2]): void {
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  if (!verify('sha256', Buffer.from(token.slice(0, end)), key, signature)) throw new Error('a bad signature')
}

/** Measures the guard's decision about a known token, from the header to its result. */
export async function guardDecision(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  const { url } = await environment.auth()
  const sessions = await environment.sessions(tokenCount)
  const headers = sessions.map(({ accessToken }) => `Bearer ${accessToken}`)
  const guard = createGuard({
    issuer: environment.system.issuer,
    publicKey: environment.publicKey,
    clientSecret,
    authUrls: [url],
    audience: 'gatehouse',
    clientId: 'resource',
  })
  guard.start()
  await guard.ready()
  const rule = { scope: ['storage:restricted'], roles: [], onUnknown: 'refuse' } as const
  for (const authorization of headers) await guard.check({ authorization }, rule)

  const decisions = benchRun.isQuick ? 500_000 : 2_000_000
  const round = () => {
    const startMs = systemClock.nowMs()
    for (let count = 0; count < decisions; count += 1) {
      if (guard.check({ authorization: headers[count % tokenCount] }, rule) instanceof Promise)
        throw new Error('the guard does not know a token that it has verified')
    }
    return microsecondsEach(startMs, decisions) * 1000
  }
  round()
  const rounds = Array.from({ length: benchRun.rounds }, round)
  await guard.stop()
  const what = 'one decision about a known token: token cache, lease, revocation, scope'
  return [figure({ name: 'guard-decision', what, unit: 'ns' }, rounds)]
}

function microsecondsEach(startMs: number, count: number): number {
  return ((systemClock.nowMs() - startMs) * 1000) / count
}
