/** Processes that can be stopped, killed and restarted; their pending actions wait or are dropped. */
import type { Timeline } from './timeline.ts'

export interface Process {
  name: string
  /**
   * The number of the current run of the process. Actions planned in an earlier run are dropped.
   */
  life: number
  isAlive: boolean
  stoppedUntilMs: number
}

export interface Processes {
  /**
   * Runs the action later in the same run of the process; when the process is stopped, after it
   * continues.
   */
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
