/** Revocations while all is healthy. */
import { randomUUID } from 'node:crypto'
import { systemClock } from '@gatehouse/clock'
import { CheckFailed, expectResult, form, live, safe, within } from '../kit.ts'

export const startCheck = live(
  'start',
  'the guard gets a lease and judges tokens by the time of the feed',
  async kit => {
    const live = kit.becomesLive()
    await live.catch(() => undefined)
    const { refused, malformed } = kit.auth.counts
    if (refused > 0) throw new CheckFailed(`${refused} requests had other client credentials`)
    if (malformed > 0)
      throw new CheckFailed(`${malformed} polls were malformed: members are missing, unknown or too long`)
    await live
  },
)

export const effectsCheck = form(
  'effects',
  'each effect has its problem, and a session entry comes before a user entry before a global entry',
  async kit => {
    const actor = randomUUID()
    const acting = { act: { sub: 'portal', sid: actor } }
    const covered = async (entries: object[], overrides: Record<string, unknown> = {}) => {
      const subject = kit.token(overrides)
      for (const { kind, ...fields } of entries as { kind: 'session' | 'user' }[])
        await kit.revoke(subject, { kind, subject: kind === 'session' ? subject.sid : subject.sub, ...fields })
      return kit.result(subject)
    }
    const session = (effect: string) => ({ kind: 'session', effect })
    const user = (effect: string, epoch = 1) => ({ kind: 'user', effect, epoch })
    const cases: [string, object[], string, Record<string, unknown>?][] = [
      ['session, ended', [session('ended')], 'session-ended'],
      ['session of the actor, ended', [{ ...session('ended'), subject: actor }], 'session-ended', acting],
      ['user, ended', [user('ended')], 'session-ended'],
      ['user, forbidden', [user('forbidden')], 'account-disabled'],
      ['user, superseded', [user('superseded')], 'token-expired'],
      ['user forbidden, session ended', [user('forbidden'), session('ended')], 'session-ended'],
      ['session ended, user forbidden', [session('ended'), user('forbidden')], 'session-ended'],
      ['user forbidden, then enabled', [user('forbidden'), user('ended', 2)], 'session-ended'],
    ]
    for (const [name, entries, expected, overrides] of cases)
      expectResult(await covered(entries, overrides), expected, name)
    const newer = kit.token({ epoch: 3 })
    const { seq } = kit.auth.feed.append({ kind: 'user', subject: newer.sub, epoch: 3 })
    await kit.auth.feed.barrier(seq)
    expectResult(await kit.result(newer), 'pass', 'user ended, a token of the same epoch')
  },
)

export const globalCheck = safe(
  'global',
  'a global entry covers tokens of earlier global epochs, and no later ones',
  async kit => {
    const [older, disabled] = [kit.token(), kit.token()]
    await kit.revoke(disabled, { kind: 'user', subject: disabled.sub, epoch: 1, effect: 'forbidden' })
    await kit.revoke(older, { kind: 'global', subject: null, epoch: 1 })
    expectResult(await kit.result(older), 'session-ended', 'an older token')
    expectResult(await kit.result(disabled), 'account-disabled', 'an older token of a disabled account')
    expectResult(await kit.result(kit.token({ global_epoch: 1 })), 'pass', 'a newer token')
    // The other checks use tokens of the first epoch.
    await kit.moveToFeed()
  },
)

const revocations = 40

export const loadCheck = safe(
  'load',
  `${revocations} revocations under load, each token tried when its barrier returns`,
  async kit => {
    const stopping = new AbortController()
    const other = kit.token()
    const background = Array.from({ length: 4 }, async () => {
      while (!stopping.signal.aborted) expectResult(await kit.result(other), 'pass', 'another token')
    })
    const durations: number[] = []
    const revokeOne = async () => {
      const subject = kit.token({ sid: randomUUID() })
      expectResult(await kit.result(subject), 'pass', 'a token before its revocation')
      const startedMs = systemClock.nowMs()
      await kit.revoke(subject)
      durations.push(systemClock.nowMs() - startedMs)
      expectResult(await kit.result(subject), 'session-ended', 'a token after its revocation')
    }
    try {
      for (let done = 0; done < revocations; done += 4)
        await Promise.all([revokeOne(), revokeOne(), revokeOne(), revokeOne()])
    } finally {
      stopping.abort()
      await Promise.all(background)
    }
    const median = durations.sort((left, right) => left - right)[revocations / 2] ?? 0
    return `in force after ${median.toFixed(1)} ms (median)`
  },
)

export const streamCheck = safe(
  'stream',
  'an open stream is closed when its session, or that of its actor, is revoked',
  async kit => {
    const actor = randomUUID()
    const subjects = [kit.token(), kit.token({ act: { sub: 'portal', sid: actor } }), kit.token()] as const
    const [subject, acting] = subjects
    const streams = await Promise.all(
      subjects.map(({ authorization }) => kit.probe.open(kit.routes.stream, authorization)),
    )
    try {
      for (const { status } of streams) expectResult(String(status), '200', 'the stream')
      await kit.revoke(subject)
      await kit.revoke(acting, { subject: actor })
      const ended = streams.slice(0, 2).map(stream => stream.ended)
      await within(Promise.all(ended), 500, 'the stream stayed open after the barrier returned')
      if (!streams[2]?.isOpen()) throw new CheckFailed('the stream of another token was closed')
    } finally {
      for (const stream of streams) stream.destroy()
    }
  },
  'stream',
)

export const bodyCheck = safe(
  'slow-body',
  'a token that is revoked while the body arrives is refused',
  async kit => {
    const subject = kit.token()
    const request = kit.probe.sendSlowly(kit.routes.body, { ...subject, body: '{"item":"rope"}' })
    // Time for the guard to decide at the headers. Without it the check is weaker and still right.
    await systemClock.sleep(150)
    await kit.revoke(subject)
    const { result } = await request.finish()
    if (result === 'pass')
      throw new CheckFailed('a request got a 2xx whose token was revoked before its body had arrived')
  },
  'body',
)
