/** Reads from Linux how much processor time and memory a process uses. */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** The clock tick of proc(5): 100 a second on all common Linux kernels. */
const tickMs = 10

/**
 * @returns the processor time of a process since its start in milliseconds; NaN where it is unknown
 * @see proc(5): fields 14 and 15 of `stat`; field 2 is in parentheses and may contain spaces
 */
export function cpuMs(pid: number): number {
  const fields = readProc(pid, 'stat').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}

/** @returns the part of one core that a process uses, between 0 and 1 */
export async function cpuShare(pid: number, durationMs: number): Promise<number> {
  const beforeMs = cpuMs(pid)
  await pause(durationMs)
  return (cpuMs(pid) - beforeMs) / durationMs
}

/** @returns a file of a process in proc(5); empty where it cannot be read */
export function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
