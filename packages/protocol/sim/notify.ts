/** Waits for a notification or a timeout. */
import type { Channel } from './database.ts'
import type { Process } from './processes.ts'
import type { World } from './world.ts'

/** Calls `then` when a notification arrives or the time has passed. */
export type Sleep = (forMs: number, then: (isWoken: boolean) => void) => void

export function createNotify(
  { database, processes }: World,
  { process, channel }: { process: Process; channel: Channel },
): Sleep {
  const wakers = new Set<() => void>()
  database.listen(channel, () => {
    const woken = [...wakers]
    wakers.clear()
    for (const waker of woken) processes.later(process, 0, waker)
  })
  return (forMs, then) => {
    let isOver = false
    const end = (isWoken: boolean) => {
      if (isOver) return
      isOver = true
      wakers.delete(wake)
      then(isWoken)
    }
    const wake = () => end(true)
    wakers.add(wake)
    processes.later(process, forMs, () => end(false))
  }
}
