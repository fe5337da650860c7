/** Answers a poll: writes the row, reads the entries, and holds the poll while there are none. */
import type { PollResponse } from '@gatehouse/contract'
import { type GuardPoll, type Page, readPage, writeRow } from './feed.ts'
import { createNotify } from './notify.ts'
import type { Process } from './processes.ts'
import type { World } from './world.ts'

/** `reply` gets undefined when the poll failed. */
export type PollHandler = (
  poll: GuardPoll,
  reply: (response: PollResponse | 'feed-changed' | undefined) => void,
) => void

export function createPoll(world: World, process: Process): PollHandler {
  const { database, rules, durations } = world
  const waitForEntries = createNotify(world, { process, channel: 'feed' })

  const readOrHold = (after: number | undefined, then: (page: Page | undefined) => void) => {
    const read = readPage(after ?? 0, durations.lease.pageSize)
    database.query(process, read, page => {
      if (page === undefined || page.entries.length > 0 || after === undefined) return then(page)
      waitForEntries(durations.holdMs, isWoken =>
        isWoken ? database.query(process, read, then) : then(carriedOn(page)),
      )
    })
  }

  /** As the replica does: its own clock carries the time of the held page on. */
  const carriedOn = (page: Page) => ({ ...page, dbNowMs: page.dbNowMs + 0.98 * durations.holdMs })

  const readHead = (page: Page, then: (page: Page | undefined) => void) => {
    if (rules.isOneSnapshot) return then(page)
    database.query(
      process,
      ({ head }) => head,
      head => then(head === undefined ? undefined : { ...page, head }),
    )
  }

  return (poll, reply) => {
    const write = writeRow(poll, world)
    const finish = (page: Page, leaseMs: number) => reply({ ...page, leaseMs: page.more ? 0 : leaseMs })
    const readAnd = (then: (page: Page) => void) =>
      readOrHold(poll.after, page => {
        if (page === undefined) return reply(undefined)
        readHead(page, whole => (whole === undefined ? reply(undefined) : then(whole)))
      })
    const writeAnd = (then: (leaseMs: number) => void) =>
      database.query(process, write, written => {
        if (written === undefined || written === 'feed-changed') return reply(written)
        if (written.hasAdvanced) database.notify('acks')
        then(written.leaseMs)
      })
    if (rules.isRowFirst) writeAnd(leaseMs => readAnd(page => finish(page, leaseMs)))
    else readAnd(page => writeAnd(leaseMs => finish(page, leaseMs)))
  }
}
