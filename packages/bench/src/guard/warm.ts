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
  const what = 'a guarded route (signature, revocation, scope; 1,000 tokens in turn) against the same route unguarded'
  const route = { name: 'guard-warm', path: '/guarded', tokens, aim: 'at least 0.95', what }
  try {
    return [await againstUnguarded(moreRounds, service.ready, route)]
  } finally {
    await service.stop()
  }
}

/** The same comparison for other libraries, in fewer rounds: here the differences are large. */
export async function guardPeers(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  const tokens = await accessTokens(environment)
  const roundMs = Math.min(benchRun.roundMs, 2000)
  const fewerRounds: BenchRun = { ...benchRun, rounds: benchRun.isQuick ? 1 : 3, roundMs }
  process.env['INTROSPECTOR'] = await environment.createClient('introspector', 'introspect')
  const onFastify = await startWorker(environment, 'fastifyPeers')
  const onExpress = await startPeerProgram('express', await workerConfigOf(environment))
  const withRedis = await startRedisPeer(benchRun, environment)
  const { ready: fastifyUrl } = onFastify
  const cached = '@fastify/jwt with its cache'
  const lossy = `${cached}, and a map that follows a Redis channel (a lost message is never noticed)`
  const routes: [name: string, url: string | undefined, path: string, what: string][] = [
    ['peer-jwt', fastifyUrl, '/jwt', '@fastify/jwt alone, no revocation'],
    ['peer-jwt-cached', fastifyUrl, '/jwt-cached', `${cached}, no revocation`],
    ['peer-introspection', fastifyUrl, '/introspected', 'an introspection call for each request'],
    ['peer-express', onExpress.ready, '/guarded', 'express-oauth2-jwt-bearer on Express, no revocation'],
    ['peer-redis-get', withRedis?.ready, '/redis-get', `${cached}, and a Redis GET for each request`],
    ['peer-redis-map', withRedis?.ready, '/redis-map', lossy],
  ]
  const results: Result[] = []
  try {
    for (const [name, url, path, what] of routes) {
      if (url === undefined) continue
      const guarded = { name, path, tokens, what: `${what}; against its own unguarded route` }
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
