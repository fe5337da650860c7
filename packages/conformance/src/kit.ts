/** What every check uses: the fake auth service, the guard under test, and tokens. */
import { randomUUID } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import type { PollResponse, RevocationEntry } from '@gatehouse/contract'
import type { Exchange, FakeAuth, PollHandler } from './fakeAuth.ts'
import { defaultRules, shortLeaseMs } from './feedState.ts'
import type { Probe } from './probe.ts'
import { claimsAt, signToken, type VectorKey, vectorKey } from './signToken.ts'

/** A rule was not kept. The message says what the guard did. */
export class CheckFailed extends Error {}

/** The routes of the application with the guard. */
export interface Routes {
  /** For any valid token. */
  any: string
  /** For any valid token: POST with a JSON body. */
  body: string
  /** Requires the scope `storage:restricted`. */
  restricted: string
  /** A response that stays open. */
  stream: string
  /** A route with `onUnknown: allow`. */
  open: string
}

/** A check of the guard. */
export interface Check {
  id: string
  /** `FORM`: what the guard answers. `SAFE`, `LIVE`: the two properties of the guarantee. */
  property: 'FORM' | 'SAFE' | 'LIVE'
  title: string
  /** The check is skipped without it. */
  needs?: Needed | undefined
  /**
   * @returns a remark for the table
   * @throws CheckFailed
   */
  run(kit: Kit): Promise<string | undefined>
}

type Needed = keyof Routes | 'pid'
// biome-ignore lint/suspicious/noConfusingVoidType: a check without a remark returns nothing.
type Run = (kit: Kit) => Promise<string | void>

/** Makes the checks of a property: `safe('lapse', 'what has to hold', async kit => { ... })`. */
const checksOf =
  (property: Check['property']) =>
  (id: string, title: string, run: Run, needs?: Needed): Check => ({
    id,
    property,
    title,
    needs,
    run: async kit => (await run(kit)) ?? undefined,
  })

export const form = checksOf('FORM')
export const safe = checksOf('SAFE')
export const live = checksOf('LIVE')

export interface Kit {
  auth: FakeAuth
  probe: Probe
  routes: Routes
  /** Stops and continues the guard's process; undefined when its pid is not known. */
  freeze?: () => void
  thaw?: () => void
  /** A signed token with ids of its own. @param key the key that signs; `es256` by default */
  token(overrides?: Record<string, unknown>, key?: VectorKey): Subject
  /** Sends the token. @returns `pass`, the code of the problem, or the status */
  result(subject: Subject, path?: string): Promise<string>
  /** Appends an entry that covers the token, and waits until it is in force. */
  revoke(subject: Subject, fields?: Partial<RevocationEntry>): Promise<RevocationEntry>
  /**
   * Replaces the answer to the next poll. The guard's row has been written when `answer` runs.
   * @param later answers the polls after it; null restores the rules
   * @returns when the answer has been given
   */
  answerNextPoll(
    answer: (exchange: Exchange, response: PollResponse) => void | Promise<void>,
    later: PollHandler | null,
  ): Promise<void>
  /** Notes that no guard may admit the token again. */
  noteRevoked(subject: Subject): void
  /** @throws CheckFailed when the token gets a 2xx within the time */
  neverPasses(subject: Subject, ms: number): Promise<void>
  /** @throws CheckFailed when a valid token is not admitted within five seconds */
  becomesLive(): Promise<void>
  /** Begins another feed with leases of 900 ms, or as given. A longer lease of the former feed has no effect. */
  useShortLeases(leaseMs?: number): Promise<void>
  /** Restores the rules, ends all faults, and checks that the guard is live and every noted token refused. */
  settle(): Promise<void>
  /** Begins another feed, in which nothing of the former is revoked. */
  replaceFeed(start?: Parameters<FakeAuth['feed']['replace']>[0]): void
  /** Begins another feed, and waits until the guard holds a lease of it and has discarded the former. */
  moveToFeed(start?: Parameters<FakeAuth['feed']['replace']>[0]): Promise<void>
}

/** A token and the ids in it. */
export interface Subject {
  token: string
  sid: string
  sub: string
  authorization: string
}

const liveWithinMs = 5000
const pauseMs = 25

export function createKit(options: Pick<Kit, 'auth' | 'probe' | 'routes'> & { pid?: number | undefined }): Kit {
  const { auth, probe, routes, pid } = options
  const mainKey = vectorKey('es256')
  const revoked = new Map<string, Subject>()

  const kit: Kit = {
    auth,
    probe,
    routes,
    ...(pid === undefined
      ? {}
      : { freeze: () => void process.kill(pid, 'SIGSTOP'), thaw: () => void process.kill(pid, 'SIGCONT') }),
    token(overrides = {}, key = mainKey) {
      const ids = { sid: randomUUID() as string, sub: randomUUID() as string }
      const claims = claimsAt(auth.feed.dbNowMs(), { ...ids, ...overrides })
      const token = signToken(key, claims)
      return { token, sid: String(claims['sid']), sub: String(claims['sub']), authorization: `Bearer ${token}` }
    },
    async result({ authorization }, path = routes.any) {
      return (await probe.send(path, { authorization: [authorization] })).result
    },
    async revoke(subject, fields = {}) {
      const entry = auth.feed.append({ kind: 'session', subject: subject.sid, ...fields })
      await auth.feed.barrier(entry.seq)
      kit.noteRevoked(subject)
      return entry
    },
    answerNextPoll: (answer, later) =>
      new Promise((resolve, reject) => {
        auth.handler = async exchange => {
          auth.handler = later
          await Promise.resolve(answer(exchange, exchange.prepare())).then(resolve, reject)
        }
      }),
    noteRevoked: subject => void revoked.set(subject.token, subject),
    async neverPasses(subject, ms) {
      const untilMs = systemClock.nowMs() + ms
      do {
        if ((await kit.result(subject)) === 'pass')
          throw new CheckFailed('a revoked token got a 2xx after the barrier returned')
        await systemClock.sleep(pauseMs)
      } while (systemClock.nowMs() < untilMs)
    },
    async becomesLive() {
      const untilMs = systemClock.nowMs() + liveWithinMs
      let last = 'no answer'
      while (systemClock.nowMs() < untilMs) {
        last = await kit.result(kit.token()).catch(error => String(error))
        if (last === 'pass') return
        await systemClock.sleep(pauseMs)
      }
      throw new CheckFailed(`a valid token was not admitted within ${liveWithinMs} ms: ${last}`)
    },
    async useShortLeases(leaseMs = shortLeaseMs) {
      auth.feed.rules.leaseMs = leaseMs
      await kit.moveToFeed()
    },
    async settle() {
      auth.handler = null
      Object.assign(auth.feed.rules, defaultRules)
      auth.dropUnanswered()
      await kit.becomesLive()
      for (const subject of revoked.values()) {
        if ((await kit.result(subject)) === 'pass') throw new CheckFailed('a token revoked before got a 2xx')
      }
    },
    replaceFeed(start) {
      revoked.clear()
      auth.feed.replace(start)
    },
    async moveToFeed(start) {
      // Until then the guard can hold a lease of the former feed, of which the new one knows nothing.
      const moved = auth.nextPoll(({ feedId }) => feedId === auth.feed.feedId())
      kit.replaceFeed(start)
      await within(moved, liveWithinMs, 'the guard did not start again with the new feed')
      await kit.becomesLive()
    },
  }
  return kit
}

/** @throws CheckFailed when they differ */
export function expectResult(actual: string, expected: string, what: string): void {
  if (actual !== expected) throw new CheckFailed(`${what}: expected ${expected}, got ${actual}`)
}

/** @throws CheckFailed when the promise takes longer */
export async function within<Value>(promise: Promise<Value>, ms: number, message: string): Promise<Value> {
  const done = new AbortController()
  const late = systemClock.sleep(ms, done.signal).then((): never => {
    throw new CheckFailed(message)
  })
  late.catch(() => undefined)
  return Promise.race([promise, late]).finally(() => done.abort('done'))
}
