/** The resident memory of a process over time. */
import { readFileSync } from 'node:fs'

/** @returns the resident set of a process in MB (1e6 bytes) @throws Error on systems without /proc (only Linux has it) */
export function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kilobytes) * 1024) / 1e6
}

export interface MemoryTrend {
  /** Means over the first, the middle and the last third, in MB. */
  thirdsMb: [number, number, number]
  maxMb: number
}

/** @throws Error with fewer than three samples */
export function memoryTrend(samplesMb: readonly number[]): MemoryTrend {
  if (samplesMb.length < 3) throw new Error('A trend needs three samples.')
  const size = samplesMb.length / 3
  const meanOf = (index: number) => {
    const third = samplesMb.slice(Math.floor(index * size), Math.floor((index + 1) * size))
    return third.reduce((sum, value) => sum + value, 0) / third.length
  }
  return { thirdsMb: [meanOf(0), meanOf(1), meanOf(2)], maxMb: Math.max(...samplesMb) }
}

/** Whether the mean of the last third exceeds that of the middle third by more than the allowed share. */
export function isGrowing({ thirdsMb: [, middle, last] }: MemoryTrend, allowedShare: number): boolean {
  return last > middle * (1 + allowedShare)
}
