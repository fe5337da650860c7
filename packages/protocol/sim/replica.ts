/** An auth replica: it answers polls, and makes callers who revoke wait until it is in force. */
import type { PollAnswer } from '@gatehouse/contract'
import { type GuardPoll, look, type Page, readPage, writeRow } from './feed.ts'
import { newProcess, type Process } from './processes.ts'
import type { Stage } from './stage.ts'
import { type Act, type Committed, revoke } from './tables.ts'

export interface Replica {
  process: Process
  /** `reply` gets nothing when the poll failed. */
  poll: (poll: Omit<GuardPoll, 'offered'>, reply: (answer: PollAnswer | 'feed-changed' | undefined) => void) => void
  revoke: (act: Act) => void
  leave: (guard: string) => void
}

const rereadMs = 20

export function createReplica(stage: Stage, name: string): Replica {
  const { timeline, processes, database, random, rules, scale } = stage
  const process = newProcess(name)
  const wakers = new Set<() => void>()
  const sent = new Map<string, number>()
  database.listen(() => {
    const woken = [...wakers]
    wakers.clear()
    for (const waker of woken) processes.later(process, 0, waker)
  })

  /** Goes on at the next notification, at the latest after so long. */
  const sleep = (forMs: number, then: () => void) => {
    let isOver = false
    const wake = () => {
      if (isOver) return
      isOver = true
      wakers.delete(wake)
      then()
    }
    wakers.add(wake)
    processes.later(process, forMs, wake)
  }

  const readOrHold = (after: number | undefined, then: (page: Page | undefined) => void) => {
    const read = readPage(after ?? 0, scale.lease.pageSize)
    database.query(process, read, page => {
      if (page === undefined || page.entries.length > 0 || after === undefined) return then(page)
      sleep(scale.holdMs, () => database.query(process, read, then))
    })
  }

  const readHead = (page: Page, then: (page: Page | undefined) => void) => {
    if (rules.isOneSnapshot) return then(page)
    database.query(process, ({ head }) => head, head => then(head === undefined ? undefined : { ...page, head }))
  }

  const poll: Replica['poll'] = (asked, reply) => {
    const write = writeRow({ ...asked, offered: sent.get(asked.guard) ?? 0 }, stage)
    const finish = (page: Page, leaseMs: number) => {
      const last = page.entries.at(-1)
      if (last !== undefined) sent.set(asked.guard, last.seq)
      reply({ ...page, leaseMs: page.more ? 0 : leaseMs })
    }
    const readAnd = (then: (page: Page) => void) =>
      readOrHold(asked.after, page => {
        if (page === undefined) return reply(undefined)
        readHead(page, whole => (whole === undefined ? reply(undefined) : then(whole)))
      })
    const writeAnd = (then: (leaseMs: number) => void) =>
      database.query(process, write, written => {
        if (written === undefined || written === 'feed-changed') return reply(written)
        database.notify()
        then(written)
      })
    if (rules.isRowFirst) writeAnd(leaseMs => readAnd(page => finish(page, leaseMs)))
    else readAnd(page => writeAnd(leaseMs => finish(page, leaseMs)))
  }

  const commit = (act: Act) => (tables: ReturnType<typeof database.tables>, dbNowMs: number) => {
    const { nextEpoch, retentionShare } = rules
    const stampMs = dbNowMs - random.between(0, scale.slowCommitMs)
    const committed = revoke(tables, act, { stampMs, nextEpoch, retentionMs: scale.retentionMs * retentionShare })
    stage.checker.committed(committed, dbNowMs)
    stage.trace(name, () => `commits ${committed.feedId}#${committed.entry.seq} ${JSON.stringify(act)} at ${dbNowMs}`)
    return committed
  }

  const barrier = (committed: Committed) => {
    const { feedId, entry } = committed
    const holdAfterRestoreMs = rules.isBarrierHeldAfterRestore ? scale.lease.leaseMs + scale.lease.marginMs : 0
    const statement = look({ feedId, seq: entry.seq, rules, holdAfterRestoreMs })
    const watched = (tables: ReturnType<typeof database.tables>, dbNowMs: number) => {
      const seen = statement(tables, dbNowMs)
      stage.checker.looked(committed, { seen, dbNowMs })
      return seen
    }
    const lookAgain = () =>
      database.query(process, watched, seen => {
        if (seen === undefined || seen === 'held-up') return sleep(rereadMs, lookAgain)
        stage.trace(name, () => `answers ${feedId}#${entry.seq} ${seen}`)
        if (seen === 'in-force') stage.checker.inForce(committed)
      })
    stage.checker.waits(committed, process)
    lookAgain()
  }

  return {
    process,
    poll,
    revoke: act =>
      database.query(process, commit(act), committed => {
        database.notify()
        if (committed !== undefined) barrier(committed)
      }),
    leave: guard =>
      database.query(process, ({ guards }) => guards.delete(guard), () => timeline.after(0, database.notify)),
  }
}
