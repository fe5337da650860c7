/** An auth replica: it answers polls, and makes callers who revoke wait until it is in force. */
import { look } from './feed.ts'
import { createNotify } from './notify.ts'
import { createPoll, type PollHandler } from './polling.ts'
import { newProcess, type Process } from './processes.ts'
import { type Act, type Committed, revoke } from './tables.ts'
import type { World } from './world.ts'

export interface Replica {
  process: Process
  poll: PollHandler
  revoke: (act: Act) => void
  leave: (guard: string) => void
}

const rereadMs = 20

export function createReplica(stage: World, name: string): Replica {
  const { database, random, rules, scale } = stage
  const process = newProcess(name)
  const sleepUntilAcked = createNotify(stage, { process, channel: 'acks' })

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
        if (seen === undefined || seen === 'held-up') return sleepUntilAcked(rereadMs, lookAgain)
        stage.trace(name, () => `answers ${feedId}#${entry.seq} ${seen}`)
        if (seen === 'in-force') stage.checker.inForce(committed)
      })
    stage.checker.waits(committed, process)
    lookAgain()
  }

  return {
    process,
    poll: createPoll(stage, process),
    revoke: act =>
      database.query(process, commit(act), committed => {
        database.notify('feed')
        if (committed !== undefined) barrier(committed)
      }),
    leave: guard =>
      database.query(
        process,
        ({ guards }) => guards.delete(guard),
        () => database.notify('acks'),
      ),
  }
}
