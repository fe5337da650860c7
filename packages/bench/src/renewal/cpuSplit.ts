/** The processor time of one renewal, and whose it is: by a CPU profile of the auth process under load. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchRun } from '../benchRun.ts'
import { poolSize } from '../environment.ts'
import { load } from '../load/load.ts'
import { renewals } from '../load/requests.ts'
import { type CpuProfile, type Owner, splitOf } from '../profile/splitProfile.ts'
import { figure, type Result } from '../result.ts'
import { cpuMs, loopMs } from '../usage.ts'

/** Callers of a socket are told apart by who wrote to it: pg, or the HTTP server. */
const owners: readonly Owner[] = [
  { name: 'signing', where: /keys\/(accessTokens|signJwt)\.js/ },
  { name: 'refresh tokens', where: /rotate\/token\.js/ },
  { name: 'pg', where: /node_modules\/pg/ },
  { name: 'Prisma', where: /@prisma|store\/direct\.js/ },
  {
    name: 'HTTP',
    where: /node_modules\/(fastify|find-my-way|light-my-request|fast-json-stringify|@fastify)|node:_http/,
  },
  { name: 'profiler', where: /profile\/preload\.js/ },
]

export async function renewalSplit(course: BenchRun): Promise<Result[]> {
  const place = await course.environment()
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-profile-'))
  const file = join(dir, 'renewals.cpuprofile')
  const preload = new URL('../profile/preload.js', import.meta.url).pathname
  // Whose code it is, is told by its file.
  const auth = await place.addAuth({ NODE_OPTIONS: `--import=${preload}`, PROFILE_FILE: file }, { form: 'src' })
  const next = renewals(await place.sessions(2000))
  const loaded = (durationMs: number) => load({ url: auth.url, connections: poolSize, durationMs, next })
  try {
    await loaded(course.warmUpMs * 2)
    const each: number[] = []
    const loops: number[] = []
    for (let round = 0; round < course.rounds; round += 1) {
      const [wasMs, loopWasMs] = [cpuMs(auth.pid), loopMs(auth.pid)]
      const { latencies } = await loaded(course.roundMs)
      each.push(((cpuMs(auth.pid) - wasMs) * 1000) / latencies.length)
      loops.push(((loopMs(auth.pid) - loopWasMs) * 1000) / latencies.length)
    }
    process.kill(auth.pid, 'SIGUSR2')
    await auth.logged(/profile: begun/)
    await loaded(course.roundMs)
    process.kill(auth.pid, 'SIGUSR2')
    await auth.logged(/profile: ended/)
    const whole = figure({ name: 'renewal-cpu', what: "the auth process's CPU for one renewal", unit: 'us' }, each)
    const loop = figure(
      { name: 'renewal-cpu-loop', what: 'of that: the event loop, which is all of', unit: 'us' },
      loops,
    )
    const beside = figure(
      { name: 'renewal-cpu-threads', what: 'of that: other threads, which sign and collect', unit: 'us' },
      [whole.value - loop.value],
    )
    return [whole, beside, loop, ...sharesOf(JSON.parse(await readFile(file, 'utf8')), loop.value)]
  } finally {
    await auth.stop()
    await rm(dir, { recursive: true })
  }
}

function sharesOf(profile: CpuProfile, loopUs: number): Result[] {
  const split = splitOf(profile, owners)
  const unseen = owners.filter(({ name }) => !split.has(name))
  if (unseen.length > 0) throw new Error(`no code was found of: ${unseen.map(({ name }) => name).join(', ')}`)
  for (const name of ['idle', 'profiler']) split.delete(name)
  const all = [...split.values()].reduce((sum, ms) => sum + ms, 0)
  return [...split]
    .toSorted(([, one], [, other]) => other - one)
    .map(([owner, ms]) =>
      figure(
        { name: `renewal-cpu-${owner.replaceAll(' ', '-').toLowerCase()}`, what: `of the loop: ${owner}`, unit: 'us' },
        [(loopUs * ms) / all],
      ),
    )
}
