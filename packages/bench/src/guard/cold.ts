/** Tokens that are seen for the first time against the bare check of their signatures; and what a known one costs. */
import { createPublicKey, verify } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import { clientSecret } from '@gatehouse/e2e'
import { createGuard, createVerifier, staticKeys } from '@gatehouse/guard'
import { type BenchRun, inRounds, inTurn } from '../benchRun.ts'
import { comparison, figure, meanOf, type Result } from '../result.ts'

const tokensInTurn = 1000
/** Until thousands of tokens have been seen, what they run through is still being compiled. */
const learningTurns = 10

export async function guardCold(course: BenchRun): Promise<Result[]> {
  const place = await course.environment()
  const sessions = await place.sessions(tokensInTurn)
  const tokens = sessions.map(({ accessToken }) => accessToken)
  const options = { issuer: place.system.issuer, audience: 'gatehouse', clock: systemClock }
  const keys = staticKeys([{ pem: place.publicKey }])

  const cold = async () => {
    // A new memory each time, so that every token is unknown to it; the first makes its key ready.
    const verifier = createVerifier({ ...options, keys })
    const [first, ...others] = tokens
    await verifier.verify(`Bearer ${first}`)
    const startMs = systemClock.nowMs()
    // Its key is at hand, so that nothing is to be waited for.
    for (const token of others) void verifier.verify(`Bearer ${token}`)
    return microseconds(startMs, others.length)
  }
  const key = { key: createPublicKey(place.publicKey), dsaEncoding: 'ieee-p1363' as const }
  const bare = async () => {
    const startMs = systemClock.nowMs()
    for (const token of tokens) mustVerify(token, key)
    return microseconds(startMs, tokens.length)
  }
  await inTurn(learningTurns, cold, bare)
  // Each round is many short ones: a machine with neighbours changes its speed from one moment to the next.
  const shortOnes = course.isQuick ? 3 : 10
  const pairs = await inRounds(course.rounds, async () => meanOf(await inTurn(shortOnes, cold, bare)))
  return [
    comparison(
      {
        ...{ name: 'guard-cold', unit: 'us', aim: 'at most 1.3' },
        what: 'verifying a token that is seen for the first time, against the bare check of its signature',
      },
      pairs,
    ),
  ]
}

function mustVerify(token: string, key: Parameters<typeof verify>[2]): void {
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  if (!verify('sha256', Buffer.from(token.slice(0, end)), key, signature)) throw new Error('a bad signature')
}

/** From the header to "may pass", for tokens that are known. */
export async function guardDecision(course: BenchRun): Promise<Result[]> {
  const place = await course.environment()
  const { url } = await place.auth()
  const sessions = await place.sessions(tokensInTurn)
  const headers = sessions.map(({ accessToken }) => `Bearer ${accessToken}`)
  const own = createGuard({
    ...{ issuer: place.system.issuer, publicKey: place.publicKey, clientSecret, authUrls: [url] },
    audience: 'gatehouse',
    clientId: 'resource',
  })
  own.start()
  await own.ready()
  const rule = { scope: ['storage:restricted'], roles: [], onUnknown: 'refuse' } as const
  for (const header of headers) own.authorize(await own.verify(header), rule)

  const decisions = course.isQuick ? 500_000 : 2_000_000
  const round = () => {
    const startMs = systemClock.nowMs()
    for (let count = 0; count < decisions; count += 1) {
      if (own.lookup(headers[count % tokensInTurn], rule) === undefined)
        throw new Error('a known token was not remembered')
    }
    return microseconds(startMs, decisions) * 1000
  }
  round()
  const rounds = Array.from({ length: course.rounds }, round)
  await own.stop()
  const what = 'one decision about a known token: memory of tokens, lease, revocation, scope'
  return [figure({ name: 'guard-decision', what, unit: 'ns' }, rounds)]
}

function microseconds(startMs: number, count: number): number {
  return ((systemClock.nowMs() - startMs) * 1000) / count
}
