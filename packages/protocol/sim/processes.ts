/** Processes that can be stopped, killed and born again: what they planned waits for them or dies with them. */
import type { Timeline } from './timeline.ts'

export interface Process {
  name: string
  /** Grows at each birth: what an earlier life planned never happens. */
  life: number
  isAlive: boolean
  stoppedUntilMs: number
}

export interface Processes {
  /** Does it in this life of the process, once it runs again if it is stopped by then. */
  later: (process: Process, delayMs: number, act: () => void) => void
  stop: (process: Process, forMs: number) => void
  kill: (process: Process) => void
  restart: (process: Process) => void
}

export function newProcess(name: string): Process {
  return { name, life: 1, isAlive: true, stoppedUntilMs: 0 }
}

export function createProcesses(timeline: Timeline): Processes {
  const later: Processes['later'] = (process, delayMs, action) => {
    const { life } = process
    const fire = () => {
      if (process.life !== life || !process.isAlive) return
      const leftMs = process.stoppedUntilMs - timeline.trueMs()
      if (leftMs > 0) timeline.after(leftMs, fire)
      else action()
    }
    timeline.after(delayMs, fire)
  }
  const stop: Processes['stop'] = (process, forMs) => {
    process.stoppedUntilMs = Math.max(process.stoppedUntilMs, timeline.trueMs() + forMs)
  }
  const kill = (process: Process) => {
    process.isAlive = false
  }
  const restart = (process: Process) => {
    process.life += 1
    process.isAlive = true
    process.stoppedUntilMs = 0
  }
  return { later, stop, kill, restart }
}
