/** What a process takes of the machine, as Linux counts it. */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Of a clock that ticks a hundred times a second, on every Linux that we know. */
const tickMs = 10

/** Processor time of a process since its start, in milliseconds; NaN where it cannot be known. */
export function cpuMs(pid: number): number {
  return takenMs(readProc(pid, 'stat'))
}

/** Of that, what its first thread took: in a process of Node the event loop. */
export function loopMs(pid: number): number {
  return takenMs(readProc(pid, `task/${pid}/stat`))
}

/** Memory that it holds, in megabytes. */
export function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readProc(pid, 'status'))?.[1]) / 1000
}

/** The part of one core that it takes while nothing is asked of it. */
export async function idleShare(pid: number, durationMs: number): Promise<number> {
  const beforeMs = cpuMs(pid)
  await pause(durationMs)
  return (cpuMs(pid) - beforeMs) / durationMs
}

/** proc(5): the fourteenth and fifteenth field; the second may hold anything. */
function takenMs(stat: string): number {
  const fields = stat.split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}

/** A file of a process in proc(5); empty where it cannot be read. */
export function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
