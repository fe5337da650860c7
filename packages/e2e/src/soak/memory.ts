/** The memory of a process: resident as the kernel counts it, live after a garbage collection. */

import { readFileSync } from 'node:fs'
import { until } from '@gatehouse/testkit'
import type { Service } from '../system.ts'

/**
 * @returns the resident set of a process in MB (1e6 bytes) @throws Error on systems without /proc
 * (only Linux has it)
 */
export function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kilobytes) * 1024) / 1e6
}

/** The environment in which a service answers `liveMb`. */
export const collectEnv = { NODE_OPTIONS: `--import=${new URL('collect.js', import.meta.url)}` }

/**
 * Collects the garbage of a service that runs with `collectEnv`.
 * @param count how many collections were requested before
 * @returns its live memory in MB
 */
export async function liveMb({ pid, logs }: Pick<Service, 'pid' | 'logs'>, count: number): Promise<number> {
  const answers = () => logs.filter(line => line.startsWith('live memory: '))
  process.kill(pid, 'SIGUSR2')
  await until(async () => answers().length > count)
  return Number(/(\d+) bytes/.exec(answers()[count] ?? '')?.[1]) / 1e6
}

export interface MemoryReport {
  /** Live memory at the end of the first, the second and the last third, in MB. */
  live: [number, number, number]
  /** The largest resident set, in MB. */
  maxResident: number
}

/** Whether live memory grew by more than the allowed share during the last third. */
export function isGrowing({ live: [, middle, last] }: Pick<MemoryReport, 'live'>, allowedShare: number): boolean {
  return last > middle * (1 + allowedShare)
}
