/** Another feed, pages, expiry and clocks. */
import { systemClock } from '@gatehouse/clock'
import type { PollRequest } from '@gatehouse/contract'
import type { Exchange, PollHandler } from '../fakeAuth.ts'
import { CheckFailed, expectResult, type Kit, safe, within } from '../kit.ts'
import { toleranceMs, vectorNowMs } from '../settings.ts'
import { uuidOf } from '../signToken.ts'

export const changedCheck = safe(
  'feed-changed',
  'a guard starts again when the feed has changed: another id, 409, or a head below its cursor',
  async kit => {
    const { feed } = kit.auth
    while (feed.head() < 3) feed.append({ subject: uuidOf('filler') })
    await kit.auth.nextPoll(({ after }) => after === feed.head())
    await restartsAfterOtherId(kit)
    await restarts(kit, '409', ({ respondStatus }) => respondStatus(409))
    await restarts(kit, 'a head below the cursor', ({ prepare, respond }) =>
      respond({ ...prepare(), head: 1, entries: [] }),
    )
  },
)

/** The answer comes from a feed in which an entry below the guard's cursor covers the token. */
async function restartsAfterOtherId(kit: Kit): Promise<void> {
  const { auth } = kit
  const subject = kit.token()
  const head = auth.feed.head() + 2
  const beyondHead = () => {
    const response = { feedId: auth.feed.feedId(), head, dbNowMs: auth.feed.dbNowMs(), maxToleranceMs: 60_000 }
    return { ...response, leaseMs: auth.feed.rules.leaseMs, entries: [], more: false }
  }
  const held = await new Promise<Exchange>(resolve => {
    auth.handler = resolve
  })
  let restarted = false
  auth.handler = exchange => {
    restarted ||= exchange.poll.after === undefined
    return restarted ? exchange.proceed() : exchange.respond(beyondHead())
  }
  const next = auth.nextPoll()
  kit.replaceFeed({ entries: [{ subject: subject.sid }, { seq: head, subject: uuidOf('filler') }] })
  held.respond(beyondHead())
  await within(next, 3000, 'no poll came after the feed had changed')
  await auth.feed.barrier(1)
  kit.noteRevoked(subject)
  if ((await kit.result(subject)) === 'pass')
    throw new CheckFailed('after an answer of another feed, a token got a 2xx that this feed had revoked')
  await within(
    until(() => restarted),
    3000,
    'the guard did not start again after an answer of another feed',
  )
}

async function restarts(kit: Kit, name: string, answer: PollHandler): Promise<void> {
  const { auth } = kit
  await kit.becomesLive()
  let before: PollRequest | undefined
  const next = new Promise<PollRequest>(resolve => {
    auth.handler = exchange => {
      if (before === undefined && exchange.poll.after === undefined) return exchange.proceed()
      if (before === undefined) {
        before = exchange.poll
        return answer(exchange)
      }
      auth.handler = null
      resolve(exchange.poll)
      return exchange.proceed()
    }
  })
  await within(
    next.then(poll => {
      if (poll.after !== undefined) throw new CheckFailed(`${name}: the guard kept its cursor`)
      if (poll.guard === before?.guard) throw new CheckFailed(`${name}: the guard kept its id`)
    }),
    3000,
    `${name}: no further poll came`,
  )
}

export const pagesCheck = safe('pages', 'a guard admits nothing before it has the last page', async kit => {
  const { auth } = kit
  const subjects = Array.from({ length: 7 }, () => kit.token())
  auth.feed.rules.pageSize = 3
  const paging = new AbortController()
  auth.handler = async exchange => {
    if ((exchange.poll.after ?? 0) >= 6) await systemClock.sleep(300, paging.signal).catch(() => undefined)
    return exchange.proceed()
  }
  const third = auth.nextPoll(({ after }) => after === 6)
  kit.replaceFeed({ entries: subjects.map(({ sid }) => ({ subject: sid })) })
  await within(third, 3000, 'the guard did not request the third page')
  expectResult(await kit.result(kit.token()), 'revocation-unknown', 'a valid token before the last page')
  paging.abort('done')
  await kit.becomesLive()
  for (const subject of subjects) {
    expectResult(await kit.result(subject), 'session-ended', 'a token of a page')
    kit.noteRevoked(subject)
  }
})

export const expiryCheck = safe(
  'expiry',
  'an entry is kept until every token that it covers has expired',
  async kit => {
    const { feed } = kit.auth
    const exp = Math.floor(feed.dbNowMs() / 1000) + 1
    const [subject, streaming] = [kit.token({ exp }), kit.token({ exp })]
    const stream =
      kit.routes.stream === '' ? undefined : await kit.probe.open(kit.routes.stream, streaming.authorization)
    await kit.revoke(subject, { expiresAtMs: exp * 1000 })
    let last = 'session-ended'
    while (feed.dbNowMs() < exp * 1000 + toleranceMs + 300) {
      last = await kit.result(subject)
      if (last !== 'session-ended' && last !== 'token-expired')
        throw new CheckFailed(`the revoked token got ${last} near its expiry`)
      await systemClock.sleep(50)
    }
    expectResult(last, 'token-expired', 'the token after its expiry and the tolerance')
    if (stream) await within(stream.ended, 1500, 'a stream stayed open after its token had expired')
  },
)

export const clockCheck = safe(
  'clock',
  "a host clock that is 370 s ahead of the database's removes no entry early and refuses no token",
  async kit => {
    await kit.moveToFeed({ aheadMs: systemClock.wallMs() - 370_000 - vectorNowMs })
    const { feed } = kit.auth
    const exp = Math.floor(feed.dbNowMs() / 1000) + 300
    const [subject, valid] = [kit.token({ exp }), kit.token({ exp })]
    await kit.revoke(subject, { expiresAtMs: exp * 1000 })
    await kit.neverPasses(subject, 1200)
    expectResult(await kit.result(valid), 'pass', 'a valid token')
  },
)

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await systemClock.sleep(20)
}
