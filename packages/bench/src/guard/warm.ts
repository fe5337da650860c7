/** Requests a second of a guarded route, against the same route without the guard. */
import { spawnSync } from 'node:child_process'
import { type BenchRun, inRounds } from '../benchRun.ts'
import type { Environment } from '../environment.ts'
import { interleaved } from '../load/interleaved.ts'
import { keepCpuAwake } from '../load/keepCpuAwake.ts'
import { startPeerProgram } from '../peerProgram.ts'
import { comparison, type Result } from '../result.ts'
import { startWorker, workerConfigOf } from './workerConfig.ts'

const tokenCount = 1000
const connections = 32

export async function guardWarm(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  const tokens = await accessTokens(environment)
  const service = await startWorker(environment, 'app')
  // More rounds than elsewhere: the difference is a few per cent.
  const moreRounds: BenchRun = { ...benchRun, rounds: (benchRun.isQuick ? 2 : 3) * benchRun.rounds }
  try {
    return [
      await againstUnguarded(moreRounds, service.ready, {
        name: 'guard-warm',
        path: '/guarded',
        tokens,
        aim: 'at least 0.95',
        what: 'a guarded route (signature, revocation, scope; 1,000 tokens in turn) against the same route unguarded',
      }),
    ]
  } finally {
    await service.stop()
  }
}

/** The same comparison for other libraries, in fewer rounds: here the differences are large. */
export async function guardPeers(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  const tokens = await accessTokens(environment)
  const fewerRounds: BenchRun = {
    ...benchRun,
    rounds: benchRun.isQuick ? 1 : 3,
    roundMs: Math.min(benchRun.roundMs, 2000),
  }
  await createIntrospector(environment)
  const onFastify = await startWorker(environment, 'fastifyPeers')
  const onExpress = await startPeerProgram('express', await workerConfigOf(environment))
  const withRedis = await startRedisPeer(benchRun, environment)
  const { ready: fastifyUrl } = onFastify
  const routes = [
    { name: 'peer-jwt', url: fastifyUrl, path: '/jwt', what: '@fastify/jwt alone, no revocation' },
    {
      name: 'peer-jwt-cached',
      url: fastifyUrl,
      path: '/jwt-cached',
      what: '@fastify/jwt with its cache, no revocation',
    },
    {
      name: 'peer-introspection',
      url: fastifyUrl,
      path: '/introspected',
      what: 'an introspection call for each request',
    },
    {
      name: 'peer-express',
      url: onExpress.ready,
      path: '/guarded',
      what: 'express-oauth2-jwt-bearer on Express, no revocation',
    },
    ...redisRoutes(withRedis?.ready),
  ]
  const results: Result[] = []
  try {
    for (const { url, what, ...route } of routes) {
      const guarded = { ...route, tokens, what: `${what}; against its own unguarded route` }
      results.push(await againstUnguarded(fewerRounds, url, guarded))
    }
  } finally {
    await Promise.all([onFastify.stop(), onExpress.stop(), withRedis?.stop()])
  }
  return results
}

async function startRedisPeer(benchRun: BenchRun, environment: Environment) {
  if (spawnSync('redis-server', ['--version']).status === 0)
    return startPeerProgram('redis', await workerConfigOf(environment))
  benchRun.log('SKIPPED peer-redis-get and peer-redis-map: redis-server is not installed')
  return undefined
}

function redisRoutes(url: string | undefined) {
  if (url === undefined) return []
  return [
    {
      name: 'peer-redis-get',
      url,
      path: '/redis-get',
      what: '@fastify/jwt with its cache, and a Redis GET for each request',
    },
    {
      name: 'peer-redis-map',
      url,
      path: '/redis-map',
      what: '@fastify/jwt with its cache, and a map that follows a Redis channel (a lost message is never noticed)',
    },
  ]
}

/** The files in `packages/guard/frameworks`, the adapter and the platform of each framework. */
const frameworks = {
  'node:http': ['nodeHttp.mjs', 'node'],
  Express: ['express.mjs', 'node'],
  Koa: ['koa.mjs', 'koa'],
  Hono: ['hono.mjs', 'web'],
  'NestJS on Express': ['nest.mjs', 'nest', 'express'],
  'NestJS on Fastify': ['nest.mjs', 'nest', 'fastify'],
}

/** Each adapter against the unguarded route of its framework. */
export async function guardAdapters(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  const tokens = await accessTokens(environment)
  const results: Result[] = []
  for (const [framework, programArguments] of Object.entries(frameworks)) {
    const service = await startWorker(environment, 'frameworkApp', { programArguments })
    const what = `the guard on ${framework}, against its own unguarded route`
    const name = `adapter-${framework.toLowerCase().replaceAll(/\W+/g, '-')}`
    try {
      results.push(await againstUnguarded(benchRun, service.ready, { name, path: '/guarded', tokens, what }))
    } finally {
      await service.stop()
    }
  }
  return results
}

async function accessTokens(environment: Environment): Promise<string[]> {
  return (await environment.sessions(tokenCount)).map(({ accessToken }) => accessToken)
}

interface GuardedRoute {
  name: string
  path: string
  what: string
  tokens: readonly string[]
  aim?: string
}

async function againstUnguarded(
  benchRun: BenchRun,
  url: string,
  { path, tokens, ...labels }: GuardedRoute,
): Promise<Result> {
  const round = (roundMs: number) =>
    interleaved({ url, paths: [path, '/unguarded'], tokens, connections, durationMs: 2 * roundMs })
  benchRun.log(labels.name)
  const pairs = await keepCpuAwake(async () => {
    await round(benchRun.warmUpMs)
    return inRounds(benchRun.rounds, () => round(benchRun.roundMs))
  })
  return comparison({ ...labels, unit: '1/s' }, pairs)
}

const introspector = { id: 'introspector', secret: 'the secret of the bench introspector' }

async function createIntrospector(environment: Environment): Promise<void> {
  process.env['INTROSPECTOR'] = `${introspector.id}:${introspector.secret}`
  await environment.query(
    `INSERT INTO service_clients (id, name, secret_hash, scopes) VALUES ($1, $1, sha256($2::text::bytea), '{introspect}')
     ON CONFLICT DO NOTHING`,
    [introspector.id, introspector.secret],
  )
}
