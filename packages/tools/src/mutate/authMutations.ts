/** Mutations of the auth service: feed, revocation and rotation. Their tests need PostgreSQL. */
import { type Mutation, mutationsOf } from './mutation.ts'

const source = 'services/auth/src/'
const testsOf = (...names: string[]) => names.map(name => `services/auth/test/${name}.test.ts`)

export const authMutations: readonly Mutation[] = [
  ...mutationsOf(`${source}feed/polls.ts`, testsOf('feed/heldPolls', 'feed/feed'), [
    ['    keyOf: ({ guard }) => guard,\n', ''],
    ['    if (wakes !== wakesBefore) return true\n', ''],
    ['page.more ? 0 : leaseMs', 'leaseMs'],
    [' && hadLease && leaseMs > 0', ' && leaseMs > 0'],
  ]),
  ...mutationsOf(`${source}store/readFeed.ts`, testsOf('feed/heldPolls', 'feed/feed'), [
    [' AND expires_at > statement_timestamp()', ''],
    ['FROM revocations WHERE seq > ', 'FROM revocations WHERE seq >= '],
    ['rows.length > pageSize', 'rows.length >= pageSize'],
  ]),
  ...mutationsOf(`${source}store/writePolls.ts`, testsOf('feed/decidePoll', 'feed/feed'), [
    [' OR input.feed_id IS DISTINCT FROM clock.feed_id', ''],
    [' OR input.after > clock.head', ''],
    ['clock.head - input.after > ', 'clock.head - input.after - 1 > '],
    ['known.client_id <> input.client_id', 'false'],
  ]),
  ...mutationsOf(`${source}revocationPipeline.ts`, testsOf('feed/feed', 'revoke/oneSession', 'housekeeping/sweep'), [
    [' + config.REVOCATION_MARGIN_MS', ''],
  ]),
  ...mutationsOf(`${source}revoke/guardReceipts.ts`, testsOf('revoke/barrier'), [
    ['head < seq || !isHistoryKnown', '!isHistoryKnown'],
    ['!liveIds.has(id) && leaseUntilMs <= dbNowMs', '!liveIds.has(id)'],
  ]),
  ...mutationsOf(`${source}revoke/barrier.ts`, testsOf('revoke/barrier'), [
    ['      resolve(true)\n      onSettled()', '      resolve(true)'],
    [
      '    const live = await read().catch(error => void onError(error))\n',
      '    const live = await read().catch(() => undefined)\n',
    ],
  ]),
  ...mutationsOf(
    `${source}rotate/rotate.ts`,
    testsOf('rotate/rotate', 'rotate/concurrentReuse', 'store/rotationBatch'),
    [
      ['sessionsEnded === 0', 'sessionsEnded < 0'],
      ['  if (!isAwaited()) throw', '  if (false) throw'],
      ['const afterLock = isLocked ? await rotateRow.single(rotation) : undefined', 'const afterLock = undefined'],
    ],
  ),
  ...mutationsOf(
    `${source}store/rotateRefreshToken.ts`,
    testsOf('rotate/rotate', 'rotate/sessionEnd', 'store/rotationBatch'),
    [
      ['     AND account.disabled_at IS NULL\n', ''],
      ['     AND token.global_epoch >= clock.global_epoch\n', ''],
      [' AND token.current_hash = input.presented_hash', ''],
      ['     AND token.idle_expires_at > statement_timestamp()\n', ''],
      ['least(token.expires_at, statement_timestamp()', 'greatest(statement_timestamp(), statement_timestamp()'],
    ],
  ),
  ...mutationsOf(`${source}store/appendRevocations.ts`, testsOf('revoke/oneSession', 'feed/heldPolls'), [
    [' + entry.position, entry.kind', ' + entry.position - 1, entry.kind'],
    ["pg_notify('gatehouse_feed', '')", "pg_notify('gatehouse_none', '')"],
  ]),
  ...mutationsOf(`${source}store/endSessionBatch.ts`, testsOf('revoke/sharedEnds'), [
    [' AND actor.ended_at IS NULL', ''],
    ['FOR UPDATE OF token SKIP LOCKED', 'FOR UPDATE OF token'],
    [' - count(*) OVER () + row_number()', ' - count(*) OVER () - 1 + row_number()'],
    ["pg_notify('gatehouse_feed', '')", "pg_notify('gatehouse_none', '')"],
  ]),
  ...mutationsOf(`${source}revoke/endSession.ts`, testsOf('revoke/sharedEnds'), [
    [
      'sid === undefined || sid === which.sessionId || !sessionIds.has(sid)',
      'sessionIds.size > 0 || sid === which.sessionId',
    ],
    ['refusals[index] === undefined', 'index >= 0'],
    ["  await lockFeed(tx, 'append')\n", ''],
    ['    return []\n', '    throw error\n'],
  ]),
]
