/** The time from a revocation request to "in force", and the rate of revocations. */
import type { Service } from '@gatehouse/e2e'
import { type BenchRun, inRounds } from '../benchRun.ts'
import type { Environment, Session } from '../environment.ts'
import { startWorker } from '../guard/workerConfig.ts'
import { type LoadOptions, load } from '../load/load.ts'
import { figure, median, quantile, type Result } from '../result.ts'
import { startSimulatedGuards } from './startSimulatedGuards.ts'

const guardCount = 16
const realGuardCount = 3
/** V8 compiles the code during the first thousand: ten seconds on a slow machine. */
const warmUpMs = ({ isQuick }: BenchRun) => (isQuick ? 7000 : 10_000)

export async function revokeInForce(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  const auths = [await environment.auth(), await environment.addAuth()]
  const real = await Promise.all(Array.from({ length: realGuardCount }, () => startWorker(environment, 'app')))
  const simulated = await startSimulatedGuards(environment, auths, guardCount - realGuardCount)
  const stopGuards = () => Promise.all([simulated.stop(), ...real.map(service => service.stop())])
  const sustain = async (what: string) => {
    await revokeConcurrently(environment, auths, warmUpMs(benchRun))
    return inRounds(benchRun.rounds, round => {
      benchRun.log(`concurrent revocations${what}, round ${round + 1} of ${benchRun.rounds}`)
      return revokeConcurrently(environment, auths, benchRun.roundMs)
    })
  }
  try {
    await revokeSequentially(environment, auths, warmUpMs(benchRun))
    const rounds = await inRounds(benchRun.rounds, round => {
      benchRun.log(`revocations, round ${round + 1} of ${benchRun.rounds}`)
      return revokeSequentially(environment, auths, benchRun.roundMs)
    })
    const sustained = await sustain('')
    await stopGuards()
    const unguarded = await sustain(' without guards')
    const what = `from the request to the response "in force", 2 auth replicas, ${guardCount} guards (${realGuardCount} real, the others only poll)`
    const quantiles = (fraction: number) => rounds.map(latencies => quantile(latencies, fraction))
    return [
      figure({ name: 'revoke-in-force-p99', what: `${what}, p99`, unit: 'ms', aim: 'under 25' }, quantiles(0.99)),
      figure({ name: 'revoke-in-force-p50', what: `${what}, median`, unit: 'ms' }, quantiles(0.5)),
      figure(
        { name: 'revoke-sustained', what: 'revocations a second, 64 concurrent callers, each waiting', unit: '1/s' },
        sustained,
      ),
      figure(
        { name: 'revoke-unguarded', what: 'the same without guards: all that the machine carries', unit: '1/s' },
        unguarded,
      ),
    ]
  } finally {
    await stopGuards()
    await auths[1]?.stop()
  }
}

export async function revokeGrowth(benchRun: BenchRun): Promise<Result[]> {
  const environment = await benchRun.environment()
  const auths = [await environment.auth()]
  const results: Result[] = []
  const measure = async (count: number) => {
    benchRun.log(`replicas: ${auths.length}, guards: ${count}`)
    const guards = await startSimulatedGuards(environment, auths, count)
    await revokeSequentially(environment, auths, benchRun.warmUpMs / 2)
    const latencies = await revokeSequentially(environment, auths, benchRun.roundMs)
    await guards.stop()
    const what = `from the request to "in force", replicas: ${auths.length}, guards: ${count}`
    const name = `revoke-${auths.length}x${count}`
    results.push(
      figure({ name: `${name}-p50`, what: `${what}, median`, unit: 'ms' }, [median(latencies)]),
      figure({ name: `${name}-p99`, what: `${what}, p99`, unit: 'ms' }, [quantile(latencies, 0.99)]),
    )
  }
  try {
    await measure(16)
    auths.push(await environment.addAuth())
    for (const count of [1, 4, 16, 64]) await measure(count)
    auths.push(await environment.addAuth(), await environment.addAuth())
    await measure(16)
  } finally {
    await Promise.all(auths.slice(1).map(auth => auth.stop()))
  }
  return results
}

/** Sends to each replica for an equal part of the time, one request after the other. */
async function revokeSequentially(
  environment: Environment,
  auths: readonly Service[],
  durationMs: number,
): Promise<number[]> {
  const sessions = await environment.sessions(Math.ceil(durationMs / 2))
  const latencies: number[] = []
  for (const { url } of auths) {
    const result = await endSessions({ url, connections: 1, durationMs: durationMs / auths.length }, sessions)
    latencies.push(...result.latencies)
  }
  return latencies
}

/** @returns revocations a second of all replicas together */
async function revokeConcurrently(
  environment: Environment,
  auths: readonly Service[],
  durationMs: number,
): Promise<number> {
  const sessions = await environment.sessions(durationMs * 4)
  const options = { connections: 64 / auths.length, durationMs }
  const results = await Promise.all(auths.map(({ url }) => endSessions({ ...options, url }, sessions)))
  return results.reduce((total, { perSecond }) => total + perSecond, 0)
}

/**
 * Each session ends itself with its own token and waits for the barrier.
 * @throws {Error} when a response is not "in force"
 */
async function endSessions(options: Omit<LoadOptions, 'next'>, sessions: Session[]) {
  return load({
    ...options,
    next: () => {
      const session = sessions.pop()
      if (session === undefined) return undefined
      return {
        request: `DELETE /sessions/${session.id} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${session.accessToken}\r\n\r\n`,
        onResponse: ({ status, body }) => {
          if (status !== 200 || !body.includes('"inForce":true')) throw new Error(`not in force: ${status} ${body}`)
        },
      }
    },
  })
}
