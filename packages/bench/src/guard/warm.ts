/** Requests a second of a guarded route against the same route without guard; and what others make of theirs. */
import { type BenchRun, inRounds } from '../benchRun.ts'
import type { Place } from '../environment.ts'
import { inBlocks } from '../load/interleaved.ts'
import { awake } from '../load/keepCpuAwake.ts'
import { comparison, type Result } from '../result.ts'
import { startUnderLoad } from './workerConfig.ts'

const tokensInTurn = 1000
const connections = 32

export async function guardWarm(course: BenchRun): Promise<Result[]> {
  const place = await course.environment()
  const tokens = (await place.sessions(tokensInTurn)).map(({ accessToken }) => accessToken)
  const service = await startUnderLoad(place, 'app')
  // What is told apart here is a few hundredths.
  const many: BenchRun = { ...course, rounds: (course.isQuick ? 2 : 3) * course.rounds }
  try {
    return [
      await against(many, service.ready, {
        ...{ name: 'guard-warm', path: '/guarded', tokens, aim: 'at least 0.95' },
        what: 'a guarded route (signature, revocation, scope; 1,000 tokens in turn) against the same route unguarded',
      }),
    ]
  } finally {
    await service.stop()
  }
}

/** The same question to others, in fewer rounds: they are the scenery. */
export async function peers(course: BenchRun): Promise<Result[]> {
  const place = await course.environment()
  const tokens = (await place.sessions(tokensInTurn)).map(({ accessToken }) => accessToken)
  const few: BenchRun = { ...course, rounds: course.isQuick ? 1 : 3, roundMs: Math.min(course.roundMs, 2000) }
  await useIntrospector(place)
  const onFastify = await startUnderLoad(place, 'fastifyPeers')
  const onExpress = await startUnderLoad(place, 'expressPeer')
  const rounds = [
    { name: 'peer-jwt', path: '/jwt', what: '@fastify/jwt alone, no revocation' },
    { name: 'peer-jwt-cached', path: '/jwt-cached', what: '@fastify/jwt with its cache, no revocation' },
    { name: 'peer-introspection', path: '/introspected', what: 'an introspection call for each request' },
    { name: 'peer-express', path: '/checked', what: 'express-oauth2-jwt-bearer on Express, no revocation' },
  ]
  const results: Result[] = []
  try {
    for (const { what, ...round } of rounds) {
      const { ready } = round.name === 'peer-express' ? onExpress : onFastify
      results.push(await against(few, ready, { ...round, tokens, what: `${what}; against its own unguarded route` }))
    }
  } finally {
    await Promise.all([onFastify.stop(), onExpress.stop()])
  }
  return results
}

interface Guarded {
  name: string
  path: string
  what: string
  tokens: readonly string[]
  aim?: string
}

async function against(course: BenchRun, url: string, { path, tokens, ...about }: Guarded): Promise<Result> {
  const round = (roundMs: number) =>
    inBlocks({ url, paths: [path, '/unguarded'], tokens, connections, durationMs: 2 * roundMs })
  course.log(about.name)
  const pairs = await awake(async () => {
    await round(course.warmUpMs)
    return inRounds(course.rounds, () => round(course.roundMs))
  })
  return comparison({ ...about, unit: '1/s' }, pairs)
}

const introspector = { id: 'introspector', secret: 'the secret of the bench introspector' }

/** A client that may ask what tokens are worth. */
async function useIntrospector(place: Place): Promise<void> {
  process.env['INTROSPECTOR'] = `${introspector.id}:${introspector.secret}`
  await place.query(
    `INSERT INTO service_clients (id, name, secret_hash, scopes) VALUES ($1, $1, sha256($2::text::bytea), '{introspect}')
     ON CONFLICT DO NOTHING`,
    [introspector.id, introspector.secret],
  )
}
