/** Settings of the feed: leases, polls and how long revocations are kept. */
import { integer, oneOf } from '@gatehouse/settings'

export const revocationSettings = {
  LEASE_MS: integer(15_000, [200, 300_000], {
    about: 'Lease: how long a guard may decide from memory after a poll',
    why: 'The auth service may be down for ten seconds without an effect on requests; a dead guard delays a revocation by at most the lease.',
  }),
  LEASE_MARGIN_MS: integer(2000, [50, 60_000], {
    about: 'Added to a lease in the database',
    why: 'Allows clock rates to differ by one per cent.',
  }),
  POLL_HOLD_MS: integer(5000, [50, 6000], {
    about: 'How long a poll is held while the feed has no new entry',
    why: 'An idle guard sends one request in five seconds, and abandons a poll after eight.',
  }),
  WAKE: oneOf<'listen' | 'poll'>({
    about: 'How a replica learns of new revocations: `listen` (PostgreSQL notifies) or `poll` (reads every 50 ms)',
    fallback: 'listen',
    choices: ['listen', 'poll'],
    why: 'Engines and poolers without LISTEN need poll, which costs twenty small statements a second.',
  }),
  REVOCATION_MARGIN_MS: integer(60_000, [1000, 600_000], {
    about: 'How long a revocation is kept beyond the lifetime of an access token',
    why: 'Exceeds the duration of any transaction and the difference between clocks.',
  }),
}
