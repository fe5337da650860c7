/** Leases while the feed is late, silent or frozen out. */
import { systemClock } from '@gatehouse/clock'
import type { Exchange, PollHandler } from '../fakeAuth.ts'
import { CheckFailed, expectResult, type Kit, type Subject, safe, within } from '../kit.ts'
import { pollTimeoutMs } from '../settings.ts'

const silent = () => {}
/** How late the answer comes: before the guard abandons the poll. */
const delayMs = 0.8 * pollTimeoutMs

/** A check under short leases, with a token that it revokes. */
const leaseCheck = (id: string, title: string, run: (kit: Kit, subject: Subject) => Promise<void>, needs?: 'pid') =>
  safe(
    id,
    title,
    async kit => {
      await kit.useShortLeases()
      await run(kit, kit.token())
    },
    needs,
  )

export const sendCheck = leaseCheck(
  'lease-from-send',
  'a lease counts from before the poll was sent, although the answer is late',
  async (kit, subject) => {
    await kit.answerNextPoll(async ({ respond }, response) => {
      await systemClock.sleep(delayMs)
      respond(response)
    }, silent)
    await kit.revoke(subject)
    await kit.neverPasses(subject, delayMs)
  },
)

export const lapseCheck = safe(
  'lapse',
  'without a lease the answer is revocation-unknown, and known ends stay known',
  async kit => {
    await kit.useShortLeases()
    const [valid, ended, disabled, changed] = [kit.token(), kit.token(), kit.token(), kit.token()]
    await kit.revoke(ended)
    await kit.revoke(disabled, { kind: 'user', subject: disabled.sub, epoch: 1, effect: 'forbidden' })
    await kit.revoke(changed, { kind: 'user', subject: changed.sub, epoch: 1, effect: 'superseded' })
    expectResult(await kit.result(valid), 'pass', 'a valid token under a lease')
    const stream = kit.routes.stream === '' ? undefined : await kit.probe.open(kit.routes.stream, valid.authorization)
    await silence(kit)
    expectResult(await kit.result(valid), 'revocation-unknown', 'a valid token without a lease')
    expectResult(await kit.result(ended), 'session-ended', 'an ended session without a lease')
    expectResult(await kit.result(disabled), 'revocation-unknown', 'a disabled account without a lease')
    expectResult(await kit.result(changed), 'token-expired', 'a superseded token without a lease')
    expectResult(await kit.result({ ...valid, authorization: 'Bearer x' }), 'token-invalid', 'no token')
    if (kit.routes.open !== '')
      expectResult(await kit.result(valid, kit.routes.open), 'pass', 'the route with onUnknown allow')
    if (stream) await within(stream.ended, 1000, 'a stream stayed open without a lease')
  },
)

export const abandonedCheck = safe(
  'abandoned',
  'the answer to an abandoned poll is ignored, although another poll is pending',
  async kit => {
    await kit.useShortLeases(pollTimeoutMs + 500)
    const subject = kit.token()
    const pending: { first?: Exchange } = {}
    let response: object = {}
    const second = new Promise<void>(resolve => {
      kit.auth.handler = exchange => {
        if (pending.first === undefined) {
          pending.first = exchange
          response = exchange.prepare()
          return
        }
        kit.auth.handler = silent
        resolve()
      }
    })
    await within(
      second,
      4 * pollTimeoutMs,
      `no second poll came: the guard needs a poll timeout of ${pollTimeoutMs} ms`,
    )
    const revoking = kit.revoke(subject)
    pending.first?.respond(response)
    await revoking
    await kit.neverPasses(subject, pollTimeoutMs / 2)
  },
)

export const twiceCheck = leaseCheck(
  'answer-twice',
  'bytes that follow an answer on its connection are no answer to the next poll',
  async (kit, subject) => {
    await kit.answerNextPoll(({ raw }, response) => {
      // One write: bytes that arrive after the next poll was sent look like its answer.
      raw([response, { ...response, leaseMs: 60_000 }].map(httpResponseOf).join(''))
    }, silent)
    await kit.revoke(subject)
    await kit.neverPasses(subject, 400)
  },
)

export const pollIdCheck = leaseCheck(
  'poll-id',
  'an answer with the id of another poll is ignored',
  async (kit, subject) => {
    let earlier: Parameters<Exchange['respond']> = [{}]
    // The later polls reach no feed, so no later lease is known there.
    const confused: PollHandler = async ({ respond }) => {
      await systemClock.sleep(200)
      respond(...earlier)
    }
    await kit.answerNextPoll(({ respond, pollId }, response) => {
      if (pollId === undefined) throw new CheckFailed('the poll has no Poll-Id')
      earlier = [response, pollId]
      respond(response)
    }, confused)
    await kit.revoke(subject)
    await kit.neverPasses(subject, 300)
  },
)

export const frozenCheck = leaseCheck(
  'frozen',
  'a process that was stopped during a revocation refuses the token when it continues',
  async (kit, subject) => {
    try {
      await kit.answerNextPoll(({ respond }, response) => {
        kit.freeze?.()
        respond(response)
      }, silent)
      await kit.revoke(subject)
      const answer = kit.result(subject)
      await systemClock.sleep(50)
      kit.thaw?.()
      if ((await answer) === 'pass') throw new CheckFailed('a revoked token got a 2xx from the process that continued')
    } finally {
      kit.thaw?.()
    }
    await kit.neverPasses(subject, 300)
  },
  'pid',
)

function httpResponseOf(response: object): string {
  const body = JSON.stringify(response)
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`
  return `${head}\r\n\r\n${body}`
}

/** Answers no poll until every lease has ended. */
async function silence({ auth }: Kit): Promise<void> {
  auth.handler = silent
  const { leaseMs, marginMs } = auth.feed.rules
  await systemClock.sleep(leaseMs + marginMs)
}
