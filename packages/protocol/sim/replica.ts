/** An auth replica: it answers polls, and makes a revoking call wait until the revocation is in force. */
import { adoptHistory, readBarrier } from './feed.ts'
import { activateKey } from './keys.ts'
import { createNotify } from './notify.ts'
import { createPoll, type PollHandler } from './polling.ts'
import { newProcess, type Process } from './processes.ts'
import { type Committed, type RevocationRequest, revoke } from './tables.ts'
import type { World } from './world.ts'

export interface Replica {
  process: Process
  poll: PollHandler
  revoke: (act: RevocationRequest) => void
  leave: (guard: string) => void
}

export function createReplica(world: World, name: string): Replica {
  const { database, random, rules, durations } = world
  const process = newProcess(name)
  const waitForAcks = createNotify(world, { process, channel: 'acks' })

  const commit = (act: RevocationRequest) => (tables: ReturnType<typeof database.tables>, dbNowMs: number) => {
    const { nextEpoch, retentionShare } = rules
    const stampMs = dbNowMs - random.between(0, durations.slowCommitMs)
    const committed = revoke(tables, act, { stampMs, nextEpoch, retentionMs: durations.retentionMs * retentionShare })
    world.checker.committed(committed, dbNowMs)
    world.trace(name, () => `commits ${committed.feedId}#${committed.entry.seq} ${JSON.stringify(act)} at ${dbNowMs}`)
    return committed
  }

  const adopt = () => {
    database.query(process, adoptHistory(world, random.between(0, durations.slowAdoptionMs)), hasChanged => {
      if (hasChanged) world.trace(name, () => 'gives the feed a new identity')
      if (hasChanged) database.notify('feed')
    })
  }
  const heartbeat = () => {
    if (process.isAlive) adopt()
    world.timeline.after(durations.heartbeatMs, heartbeat)
  }
  heartbeat()

  const activateAnnounced = ({ entry }: Committed) => {
    if (entry.kind === 'key' && entry.effect === 'announced')
      database.query(process, activateKey(entry.key.kid), () => undefined)
  }

  const barrier = (committed: Committed) => {
    const { feedId, entry } = committed
    const statement = readBarrier({ feedId, seq: entry.seq, rules })
    const readAndCheck = (tables: ReturnType<typeof database.tables>, dbNowMs: number) => {
      const seen = statement(tables, dbNowMs)
      world.checker.barrierRead(committed, { seen, dbNowMs })
      return seen
    }
    const poll = () =>
      database.query(process, readAndCheck, seen => {
        if (seen === 'history-changed') adopt()
        if (seen === undefined || seen === 'blocked' || seen === 'history-changed')
          return waitForAcks(durations.rereadMs, poll)
        world.trace(name, () => `answers ${feedId}#${entry.seq} ${seen}`)
        if (seen !== 'in-force') return
        world.checker.inForce(committed)
        activateAnnounced(committed)
      })
    world.checker.barrierStarted(committed, process)
    poll()
  }

  return {
    process,
    poll: createPoll(world, process),
    revoke: act =>
      database.query(process, commit(act), committed => {
        database.notify('feed')
        if (committed === undefined) return
        if (!rules.isKeyHeldFirst) activateAnnounced(committed)
        barrier(committed)
      }),
    leave: guard =>
      database.query(
        process,
        ({ guards }) => guards.delete(guard),
        () => database.notify('acks'),
      ),
  }
}
