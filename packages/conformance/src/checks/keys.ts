/** Keys: unknown ones, and those that the feed announces and withdraws. */
import { CheckFailed, expectResult, live, safe, within } from '../kit.ts'
import { signToken, vectorKey } from '../signToken.ts'

export const keysCheck = live('keys', 'tokens with unknown keys cause at most one fetch of the keys', async kit => {
  const before = kit.auth.counts.keys
  const key = vectorKey('foreign')
  for (let index = 0; index < 20; index += 1) {
    const token = signToken(key, {}, { kid: `unknown-${index}` })
    expectResult(
      await kit.result({ ...kit.token(), authorization: `Bearer ${token}` }),
      'token-invalid',
      'an unknown key',
    )
  }
  const fetches = kit.auth.counts.keys - before
  if (fetches > 1) throw new CheckFailed(`20 unknown keys caused ${fetches} fetches`)
  return `${fetches} fetches`
})

export const announcedKeyCheck = live(
  'key-announced',
  'a token of a key that only the feed announces is accepted after the acknowledgement',
  async kit => {
    const { feed } = kit.auth
    const key = vectorKey('foreign')
    const subject = kit.token({}, key)
    expectResult(await kit.result(subject), 'token-invalid', 'before the announcement')
    await feed.barrier(feed.appendKey('announced', key).seq)
    expectResult(await kit.result(subject), 'pass', 'a token of the announced key')
    await kit.moveToFeed()
    expectResult(await kit.result(subject), 'token-invalid', 'after a change of the feed')
  },
)

export const withdrawnKeyCheck = safe(
  'key-withdrawn',
  'a token of a withdrawn key is never admitted after the barrier, and its stream is closed',
  async kit => {
    const { auth, probe, routes } = kit
    // The JWK Set lists the key for as long as the check runs.
    const key = vectorKey('eddsa')
    const [subject, fresh, other] = [kit.token({}, key), kit.token({}, key), kit.token()]
    expectResult(await kit.result(subject), 'pass', 'before the withdrawal')
    const streams =
      routes.stream === ''
        ? []
        : await Promise.all([subject, other].map(({ authorization }) => probe.open(routes.stream, authorization)))
    try {
      await auth.feed.barrier(auth.feed.appendKey('withdrawn', key).seq)
      for (const token of [subject, fresh]) {
        kit.noteRevoked(token)
        expectResult(await kit.result(token), 'token-invalid', 'a token of the withdrawn key')
      }
      expectResult(await kit.result(other), 'pass', 'a token of another key')
      const [stream, otherStream] = streams
      if (stream) await within(stream.ended, 500, 'the stream stayed open after the barrier returned')
      if (otherStream?.isOpen() === false) throw new CheckFailed('the stream of another key was closed')
    } finally {
      for (const stream of streams) stream.destroy()
    }
    await kit.moveToFeed()
    expectResult(await kit.result(fresh), 'pass', 'after a change to a feed that has not withdrawn the key')
  },
)
