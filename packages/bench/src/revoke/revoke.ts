/** From the call that revokes to its being in force everywhere: how long it takes, how many go in a second, how it grows. */
import type { Service } from '@gatehouse/e2e'
import { type BenchRun, inRounds } from '../benchRun.ts'
import type { Place, Session } from '../environment.ts'
import { startUnderLoad } from '../guard/workerConfig.ts'
import { type Load, load } from '../load/load.ts'
import { figure, median, quantile, type Result } from '../result.ts'
import { startCrowd } from './guards.ts'

const realGuards = 3
/** The first thousand are mostly interpreted, and compiled beside it: ten seconds of a slow machine, for two replicas. */
const learningMs = ({ isQuick }: BenchRun) => (isQuick ? 7000 : 10_000)

export async function revokeInForce(course: BenchRun): Promise<Result[]> {
  const place = await course.environment()
  const auths = [await place.auth(), await place.addAuth()]
  const real = await Promise.all(Array.from({ length: realGuards }, () => startUnderLoad(place, 'app')))
  const crowd = await startCrowd(place, auths, 16 - realGuards)
  try {
    await oneAtATime(place, auths, learningMs(course))
    const rounds = await inRounds(course.rounds, round => {
      course.log(`revocations, round ${round + 1} of ${course.rounds}`)
      return oneAtATime(place, auths, course.roundMs)
    })
    const sustained = await manyAtATime(place, auths, course.roundMs)
    const what = `from the call to its answer "in force", 2 auth replicas, 16 guards (${realGuards} real, the others only poll)`
    const part = (quantum: number) => rounds.map(latencies => quantile(latencies, quantum))
    return [
      figure(
        { name: 'revoke-in-force-p99', what: `${what}, slowest in a hundred`, unit: 'ms', aim: 'under 25' },
        part(0.99),
      ),
      figure({ name: 'revoke-in-force-p50', what: `${what}, the middle one`, unit: 'ms' }, part(0.5)),
      figure(
        { name: 'revoke-sustained', what: 'revocations a second, 64 callers at once, each waiting', unit: '1/s' },
        [sustained],
      ),
    ]
  } finally {
    await Promise.all([crowd.leave(), auths[1]?.stop(), ...real.map(service => service.stop())])
  }
}

/** How it grows with guards, and with replicas. */
export async function revokeGrowth(course: BenchRun): Promise<Result[]> {
  const place = await course.environment()
  const auths = [await place.auth()]
  const results: Result[] = []
  const measure = async (guards: number) => {
    course.log(`${auths.length} replicas, ${guards} guards`)
    const crowd = await startCrowd(place, auths, guards)
    await oneAtATime(place, auths, course.warmUpMs / 2)
    const latencies = await oneAtATime(place, auths, course.roundMs)
    await crowd.leave()
    const counted = `${auths.length} ${auths.length === 1 ? 'replica' : 'replicas'}, ${guards} ${guards === 1 ? 'guard' : 'guards'}`
    const name = `revoke-${auths.length}x${guards}`
    results.push(
      figure({ name: `${name}-p50`, what: `revoke to in force: ${counted}, the middle one`, unit: 'ms' }, [
        median(latencies),
      ]),
      figure({ name: `${name}-p99`, what: `revoke to in force: ${counted}, slowest in a hundred`, unit: 'ms' }, [
        quantile(latencies, 0.99),
      ]),
    )
  }
  try {
    await measure(16)
    auths.push(await place.addAuth())
    for (const guards of [1, 4, 16, 64]) await measure(guards)
    auths.push(await place.addAuth(), await place.addAuth())
    await measure(16)
  } finally {
    await Promise.all(auths.slice(1).map(auth => auth.stop()))
  }
  return results
}

/** Each replica in turn revokes for its part of the time. */
async function oneAtATime(place: Place, auths: readonly Service[], durationMs: number): Promise<number[]> {
  const sessions = await place.sessions(Math.ceil(durationMs / 2))
  const latencies: number[] = []
  for (const { url } of auths) {
    const loaded = await endingThem({ url, connections: 1, durationMs: durationMs / auths.length }, sessions)
    latencies.push(...loaded.latencies)
  }
  return latencies
}

async function manyAtATime(place: Place, auths: readonly Service[], durationMs: number): Promise<number> {
  const sessions = await place.sessions(durationMs * 4)
  const share = { connections: 64 / auths.length, durationMs }
  const loaded = await Promise.all(auths.map(({ url }) => endingThem({ ...share, url }, sessions)))
  return loaded.reduce((sum, { perSecond }) => sum + perSecond, 0)
}

/** Each session ends itself with its own token, and waits. */
async function endingThem(options: Omit<Load, 'next'>, sessions: Session[]) {
  return load({
    ...options,
    next: () => {
      const session = sessions.pop()
      if (session === undefined) return undefined
      const head = `DELETE /sessions/${session.id} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${session.accessToken}\r\n\r\n`
      return {
        request: head,
        done: ({ status, body }) => {
          if (status !== 200 || !body.includes('"inForce":true')) throw new Error(`not in force: ${status} ${body}`)
        },
      }
    },
  })
}
