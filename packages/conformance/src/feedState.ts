/** The state of the fake feed: entries, the rows of guards, and the barrier, by the rules of the protocol. */
import { randomUUID } from 'node:crypto'
import { systemClock as clock } from '@gatehouse/clock'
import type {
  Entry,
  FeedKey,
  KeyEffect,
  KeyEntry,
  PollRequest,
  PollResponse,
  RevocationEntry,
} from '@gatehouse/contract'
import { blocksRevocation, decidePoll, type GuardRow, type PollDecision } from '@gatehouse/protocol'
import { vectorNowMs } from './settings.ts'
import type { VectorKey } from './signToken.ts'

/** The configuration of the feed, which each check can change. Times in milliseconds. */
export interface FeedRules {
  leaseMs: number
  marginMs: number
  pageSize: number
  /** How long a poll without entries is held. */
  holdMs: number
}

/** No lease ends by itself while a slow machine runs a check. */
export const defaultRules: FeedRules = { leaseMs: 10_000, marginMs: 200, pageSize: 100, holdMs: 250 }
/** The lease of checks that wait for its end, in milliseconds. */
export const shortLeaseMs = 900

export interface FeedState {
  rules: FeedRules
  feedId(): string
  head(): number
  /** The database's time, in milliseconds since 1970. */
  dbNowMs(): number
  /** Appends an entry and wakes held polls. */
  append(entry: Partial<RevocationEntry>): RevocationEntry
  /** Appends the announcement or withdrawal of a key, and wakes held polls. */
  appendKey(effect: KeyEffect, key: VectorKey): KeyEntry
  /** Writes the guard's row, as a replica does before it reads entries. */
  write(poll: PollRequest): PollDecision
  /** The response to a poll as of now. */
  read(poll: PollRequest, leaseMs: number): PollResponse
  /** Whether the guard held a lease before its row was written last. */
  hadLease(guard: string): boolean
  remove(guard: string): void
  /** Resolves when the revocation is in force: every guard has acknowledged it, or its lease has ended. */
  barrier(seq: number): Promise<void>
  /**
   * Begins another feed, as after the restore of a backup.
   * @param start its entries and head, and how far its time is ahead of the vectors' time
   */
  replace(start?: { entries?: Partial<RevocationEntry>[]; head?: number; aheadMs?: number }): void
  /** Runs the function at the next change, or after the time. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/** An entry outlasts every token of the checks. */
const entryLifetimeMs = 7_200_000
/** The auth service sends this with entries of keys, which never expire. */
const neverMs = Date.UTC(9999, 11, 31)

export function createFeedState(): FeedState {
  const rows = new Map<string, GuardRow>()
  const leased = new Set<string>()
  let feed = { id: randomUUID() as string, head: 0, entries: [] as Entry[] }
  let origin = { dbMs: vectorNowMs, nowMs: clock.nowMs() }
  let changed = new AbortController()

  const exactNowMs = () => origin.dbMs + clock.nowMs() - origin.nowMs
  const dbNowMs = () => Math.floor(exactNowMs())
  const wake = () => {
    const previous = changed
    changed = new AbortController()
    previous.abort('changed')
  }
  const entryOf = (fields: Partial<RevocationEntry>): RevocationEntry => {
    feed.head = fields.seq ?? feed.head + 1
    const defaults = { kind: 'session', subject: null, epoch: null, effect: 'ended' } as const
    return { ...defaults, expiresAtMs: dbNowMs() + entryLifetimeMs, ...fields, seq: feed.head }
  }
  function push<Appended extends Entry>(entry: Appended): Appended {
    feed.entries.push(entry)
    wake()
    return entry
  }

  const state: FeedState = {
    rules: { ...defaultRules },
    feedId: () => feed.id,
    head: () => feed.head,
    dbNowMs,
    append: fields => push(entryOf(fields)),
    appendKey(effect, { kid, jwk }) {
      feed.head += 1
      const key = effect === 'withdrawn' ? { kid } : ({ ...jwk } as FeedKey)
      const entry = { kind: 'key', subject: null, epoch: null, expiresAtMs: neverMs } as const
      return push<KeyEntry>({ ...entry, seq: feed.head, effect, key })
    },
    write(poll) {
      const row = rows.get(poll.guard) ?? null
      const decision = decidePoll(poll, row, {
        feedId: feed.id,
        head: feed.head,
        dbNowMs: dbNowMs(),
        rules: state.rules,
      })
      if (decision.kind === 'feed-changed') return decision
      if ((row?.leaseUntilMs ?? 0) > dbNowMs() + state.rules.marginMs) leased.add(poll.guard)
      else leased.delete(poll.guard)
      rows.set(poll.guard, decision.row)
      wake()
      return decision
    },
    read(poll, leaseMs) {
      const beyond = feed.entries.filter(({ seq }) => seq > (poll.after ?? 0))
      const entries = beyond.slice(0, state.rules.pageSize)
      const response = { feedId: feed.id, head: feed.head, dbNowMs: exactNowMs(), maxToleranceMs: 60_000 }
      return { ...response, leaseMs, entries, more: beyond.length > entries.length }
    },
    hadLease: guard => leased.has(guard),
    remove(guard) {
      rows.delete(guard)
      wake()
    },
    async barrier(seq) {
      for (;;) {
        const blocking = [...rows.values()].filter(row =>
          blocksRevocation(row, { feedId: feed.id, seq, dbNowMs: dbNowMs() }),
        )
        if (blocking.length === 0) return
        await state.wait(Math.min(...blocking.map(row => row.leaseUntilMs)) - dbNowMs() + 1)
      }
    },
    replace({ entries = [], head, aheadMs = 0 } = {}) {
      feed = { id: randomUUID(), head: 0, entries: [] }
      origin = { dbMs: vectorNowMs + aheadMs, nowMs: clock.nowMs() }
      rows.clear()
      leased.clear()
      for (const entry of entries) feed.entries.push(entryOf(entry))
      feed.head = head ?? feed.head
      wake()
    },
    wait: async (ms, signal) => {
      const either = signal === undefined ? changed.signal : AbortSignal.any([changed.signal, signal])
      await clock.sleep(Math.max(1, ms), either).catch(() => undefined)
    },
  }
  return state
}
