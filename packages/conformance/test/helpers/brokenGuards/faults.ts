/** Guards with one fault each: what changes in the compiled modules, and the check that must fail. */

export interface Fault {
  /** The check that must fail, and the sentence that says why. */
  check: string
  why: RegExp
  /** Each replaces text that occurs once in a module, named by the end of its URL. */
  edits: readonly { file: string; from: string; to: string }[]
}

const follower = '/packages/protocol/dist/src/follower.js'
const follow = '/packages/guard-core/dist/src/feed/follow.js'

export const faults = {
  'lease counted from the answer': {
    check: 'lease-from-send',
    why: /^a revoked token got a 2xx after the barrier returned$/,
    edits: [
      {
        file: follower,
        from: 'extendLease(follower.validUntil, sentAt, response.leaseMs);',
        to: 'extendLease(follower.validUntil, { nowMs: performance.now(), wallMs: Date.now() }, response.leaseMs);',
      },
    ],
  },
  'abandoned answer believed': {
    check: 'abandoned',
    why: /^a revoked token got a 2xx after the barrier returned$/,
    edits: [
      {
        file: '/packages/guard-core/dist/src/feed/feedClient.js',
        from: 'timeoutMs: pollTimeoutMs,',
        to: 'timeoutMs: 10 * pollTimeoutMs,',
      },
      {
        file: follow,
        from: 'const result = await feed.poll(authUrl, request, stopping);',
        to: `const late = feed.poll(authUrl, request, stopping);
        const result = await Promise.race([late, clock.sleep(options.pollTimeoutMs).then(() => ({ kind: 'timed-out', why: 'late' }))]);
        late.then(answer => {
            const pending = identity.follower.pendingPoll;
            if (result.kind !== 'timed-out' || answer.kind !== 'answered' || pending === null) return;
            applyResponse(identity.follower, answer.response, { sentAt: pending, receivedAtMs: clock.nowMs() });
        });`,
      },
    ],
  },
  'answer to another poll believed': {
    check: 'poll-id',
    why: /^a revoked token got a 2xx after the barrier returned$/,
    edits: [
      { file: '/packages/guard-core/dist/src/feed/feedClient.js', from: 'repeated === pollId', to: 'repeated !== ""' },
    ],
  },
  'entry forgotten early': {
    check: 'expiry',
    why: /^the revoked token got pass near its expiry$/,
    edits: [
      {
        file: '/packages/guard-core/dist/src/feed/expiry.js',
        from: 'const expiredAtMs = feedNowMs(time, clock.nowMs()) - toleranceMs;',
        to: 'const expiredAtMs = feedNowMs(time, clock.nowMs());',
      },
    ],
  },
  'unknown treated as pass': {
    check: 'lapse',
    why: /^a valid token without a lease: expected revocation-unknown, got pass$/,
    edits: [
      {
        file: '/packages/guard-core/dist/src/verify/authorize.js',
        from: "if (!hasLease && rule.onUnknown === 'refuse')",
        to: 'if (false)',
      },
    ],
  },
  'stream not closed': {
    check: 'stream',
    why: /^the stream stayed open after the barrier returned$/,
    edits: [{ file: '/packages/guard-core/dist/src/feed/sync.js', from: 'streams.revoke(response.entries);', to: '' }],
  },
  'withdrawal of a key ignored': {
    check: 'key-withdrawn',
    why: /^a token of the withdrawn key: expected token-invalid, got pass$/,
    edits: [
      {
        file: '/packages/guard-core/dist/src/feed/sync.js',
        from: 'keys.apply(follower().index.keys, response);',
        to: '',
      },
    ],
  },
  'effect precedence wrong': {
    check: 'effects',
    why: /^user forbidden, session ended: expected session-ended, got account-disabled$/,
    edits: [
      {
        file: '/packages/protocol/dist/src/revocationIndex.js',
        from: 'if (session !== undefined)',
        to: 'if (session !== undefined && !(index.users.get(token.sub)?.epoch > token.epoch))',
      },
    ],
  },
  'session of the actor ignored': {
    check: 'effects',
    why: /^session of the actor, ended: expected session-ended, got pass$/,
    edits: [
      {
        file: '/packages/protocol/dist/src/revocationIndex.js',
        from: '?? sessionEffect(index, token.act?.sid)',
        to: '',
      },
    ],
  },
  'feed change ignored': {
    check: 'feed-changed',
    why: /^after an answer of another feed, a token got a 2xx that this feed had revoked$/,
    edits: [
      {
        file: follower,
        from: 'const hasFeedChanged = follower.feedId !== null && follower.feedId !== response.feedId;',
        to: 'const hasFeedChanged = false;',
      },
    ],
  },
} as const satisfies Record<string, Fault>
