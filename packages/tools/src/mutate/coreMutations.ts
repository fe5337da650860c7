/** Mutations of the protocol and of the guard. Their tests need no database. */
import { type Mutation, mutationsOf } from './mutation.ts'

const protocol = 'packages/protocol/'
const guard = 'packages/guard-core/'
const plugin = 'packages/guard/'
const testsOf = (...names: string[]) => names.map(name => `${guard}test/${name}.test.ts`)
const feedTests = testsOf('feed/lease', 'feed/feedTime', 'streams', 'feed/follow')

export const coreMutations: readonly Mutation[] = [
  ...mutationsOf(
    `${protocol}src/follower.ts`,
    [`${protocol}test/follower.test.ts`],
    [
      ["  if (follower.pendingPoll !== sentAt) return 'ignored'\n", ''],
      ['response.head < follower.cursor', 'response.head <= follower.cursor'],
      ['response.more ? (last?.seq ?? follower.cursor) : response.head', 'response.head'],
      ['(last?.seq ?? follower.cursor)', '(last?.seq ?? response.head)'],
      ['!response.more && response.leaseMs > 0', 'response.leaseMs > 0'],
      ['Math.max(validUntil.nowMs, sentAt.nowMs + leaseMs)', 'sentAt.nowMs + leaseMs'],
      [
        'validUntil.wallMs = sentAt.wallMs + leaseMs',
        'validUntil.wallMs = Math.max(validUntil.wallMs, sentAt.wallMs + leaseMs)',
      ],
      ['now.nowMs < follower.validUntil.nowMs &&', 'now.nowMs <= follower.validUntil.nowMs &&'],
      [' && now.wallMs < follower.validUntil.wallMs', ''],
      ['const sentAt = { ...now }', 'const sentAt = now'],
      ['  follower.time = advanceFeedTime(follower.time, { dbNowMs: response.dbNowMs, receivedAtMs })\n', ''],
      ['advanceFeedTime(follower.time,', 'advanceFeedTime(null,'],
    ],
  ),
  ...mutationsOf(
    `${protocol}src/feedTime.ts`,
    [`${protocol}test/feedTime.test.ts`],
    [
      ['Math.max(floorMs, dbNowMs + (nowMs - receivedAtMs))', 'dbNowMs + (nowMs - receivedAtMs)'],
      ['Math.max(floorMs, dbNowMs + (nowMs - receivedAtMs))', 'dbNowMs'],
      ['feedNowMs(previous, receivedAtMs)', 'previous.floorMs'],
    ],
  ),
  ...mutationsOf(
    `${protocol}src/leases.ts`,
    [`${protocol}test/leases.test.ts`],
    [
      [' && (poll.after ?? 0) <= head', ''],
      ['poll.feedId === feedId &&', ''],
      ['poll.after !== undefined && !isKnown', '!isKnown'],
      ['head - after <= rules.pageSize', 'head - after < rules.pageSize'],
      ['Math.max(previous.leaseUntilMs, isLeased ?', 'Math.max(0, isLeased ?'],
      ['dbNowMs + leaseMs + rules.marginMs', 'dbNowMs + leaseMs'],
      ['Math.max(previous.cursor, after)', 'after'],
      ['Math.floor(rules.leaseMs', 'Math.ceil(rules.leaseMs'],
      ['Math.max(0, dbNowMs - behindSinceMs)', 'dbNowMs - behindSinceMs'],
      ['guard.leaseUntilMs > entry.dbNowMs', 'guard.leaseUntilMs >= entry.dbNowMs'],
      ['guard.cursor >= entry.seq', 'guard.cursor > entry.seq'],
    ],
  ),
  ...mutationsOf(
    `${protocol}src/revocationIndex.ts`,
    [`${protocol}test/revocationIndex.test.ts`],
    [
      ['token.epoch < user.epoch', 'token.epoch <= user.epoch'],
      ['token.global_epoch < global.epoch', 'token.global_epoch <= global.epoch'],
      ['Math.floor(value / effectCodes.length) > expiredAtMs', 'Math.floor(value / effectCodes.length) >= expiredAtMs'],
      ['epochEntry.expiresAtMs > expiredAtMs', 'epochEntry.expiresAtMs >= expiredAtMs'],
      ['index.global.expiresAtMs <= expiredAtMs', 'index.global.expiresAtMs < expiredAtMs'],
      ['    shard.delete(subject)\n', ''],
      ['  index.users.delete(subject)\n', ''],
    ],
  ),
  ...mutationsOf(
    `${protocol}src/rotation.ts`,
    [`${protocol}test/rotation.test.ts`],
    [
      ['dbNowMs >= session.expiresAtMs', 'dbNowMs > session.expiresAtMs'],
      ['dbNowMs >= stored.idleExpiresAtMs', 'dbNowMs > stored.idleExpiresAtMs'],
      ['dbNowMs < stored.rotatedAtMs + retryWindowMs', 'dbNowMs <= stored.rotatedAtMs + retryWindowMs'],
      ['presented.generation > stored.generation', 'presented.generation > stored.generation + 1'],
      ['isPrevious && presented.hasSameIdempotencyKey', 'presented.hasSameIdempotencyKey'],
      ['if (isPrevious && isInWindow)', 'if (isInWindow)'],
      [' || session.isCutOff', ''],
      ['(isPrevious && !presented.isPreviousSecret)', 'false'],
    ],
  ),
  ...mutationsOf(`${guard}src/feed/expiry.ts`, feedTests, [
    ['feedNowMs(time, clock.nowMs()) - toleranceMs', 'feedNowMs(time, clock.nowMs()) + toleranceMs'],
    ['feedNowMs(time, clock.nowMs()) - toleranceMs', 'feedNowMs(time, clock.nowMs())'],
    ['    if (!holdsLease) streams.lapse()\n', ''],
    ['    if (hadLease && !holdsLease) options.onLapsed()\n', ''],
    ['    streams.expire(expiredAtMs)\n', ''],
  ]),
  ...mutationsOf(
    `${guard}src/feed/follow.ts`,
    [`${guard}test/feed/pollOrder.test.ts`],
    [
      ['      else options.onApplied(response)', '      else setImmediate(() => options.onApplied(response))'],
      [
        "if (result.kind === 'feed-changed') identity = newIdentity()",
        "if (result.kind === 'feed-changed') identity = { ...newIdentity(), guard: identity.guard }",
      ],
      [
        "=== 'restart') identity = newIdentity()",
        "=== 'restart') identity = { ...newIdentity(), guard: identity.guard }",
      ],
      ['{ sentAt, receivedAtMs })', '{ sentAt, receivedAtMs: sentAt.nowMs })'],
      ['    else replica += 1\n', ''],
      ["    if (result.kind === 'client-invalid' || result.kind === 'settings-conflict')", '    if (false)'],
      ['earlyResponses > maxEarlyResponses ? 50 + 50 * random() : 0', '0'],
      ['        if (await feed.leave(', '        if (true) return\n        if (await feed.leave('],
    ],
  ),
  ...mutationsOf(`${guard}src/feed/sync.ts`, feedTests, [
    ['      if (response.entries.length > 0) revision += 1\n', ''],
    ['      streams.revoke(response.entries)\n', ''],
    ['      expiry.checkLease()\n', ''],
  ]),
  ...mutationsOf(`${guard}src/keys/feedKeys.ts`, testsOf('keys/feedKeys'), [
    [' && (entries.has(kid) || !isComplete)', ' && entries.has(kid)'],
    ['        if (other.find(kid) === key) key.isWithdrawn = false\n', ''],
    ['          same.isWithdrawn = true\n', ''],
    ['isWithdrawn(kid) ? undefined : other.find(kid)', 'other.find(kid)'],
  ]),
  ...mutationsOf(`${guard}src/feed/feedClient.ts`, feedTests, [
    ['clockToleranceMs > response.maxToleranceMs', 'false'],
    ["    if (status === 409) return { kind: 'feed-changed' }\n", ''],
  ]),
  ...mutationsOf(
    `${guard}src/guard.ts`,
    [...testsOf('feed/lease', 'feed/feedTime'), `${plugin}test/preHandler.test.ts`],
    [
      ['token.passedRule !== rule || ', ''],
      [' || token.passedRevision !== sync.revision()', ''],
      ['    if (!hasLease(follower, { nowMs, wallMs })) return undefined\n', ''],
      ['token.passedAtWallMs === clock.wallMs() && ', ''],
      [' && token.passedRevision === sync.revision()) return', ') return'],
      ['        verifier.assertCurrent(token)\n', ''],
      ['const isTimeCurrent = () => hasLease(sync.follower(), now())', 'const isTimeCurrent = () => true'],
    ],
  ),
  ...mutationsOf(
    `${plugin}src/fastify.ts`,
    [`${plugin}test/preHandler.test.ts`],
    [['if (caller !== null) instance.recheck(caller, ruleOfRoute(request))', 'if (caller === null) return']],
  ),
  ...['node', 'koa', 'web'].flatMap(adapter =>
    mutationsOf(
      `${plugin}src/${adapter}.ts`,
      [`${plugin}test/adapters.test.ts`],
      [['guard.recheck(caller, rule)', 'undefined']],
    ),
  ),
  ...mutationsOf(
    `${guard}src/verify/authorize.ts`,
    [`${guard}test/verify/authorize.test.ts`],
    [
      ["revoked === 'forbidden' && !hasLease && rule", '!hasLease && rule'],
      ["  if (!hasLease && rule.onUnknown === 'refuse') return 'revocation-unknown'\n", ''],
      ['!hasAll(caller.scopes, rule.scope) ||', ''],
    ],
  ),
]
