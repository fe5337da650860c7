/** Memory of a service over time, from its metrics. */
import type { Service } from '../system.ts'

export interface MemorySample {
  /** Seconds since the start of the load. */
  seconds: number
  /** Resident set in MB (1e6 bytes). */
  residentMb: number
  /** Used heap of V8 in MB. */
  heapMb: number
}

export async function sampleMemory({ call }: Service, seconds: number): Promise<MemorySample> {
  const text = String((await call('/metrics')).body)
  const megabytes = (metric: string) => {
    const value = new RegExp(`^${metric} (\\S+)$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`The service does not export ${metric}.`)
    return Number(value) / 1e6
  }
  return {
    seconds,
    residentMb: megabytes('process_resident_memory_bytes'),
    heapMb: megabytes('nodejs_heap_size_used_bytes'),
  }
}

export interface MemoryTrend {
  /** Means of the resident set over the first, the middle and the last third, in MB. */
  thirdsMb: [number, number, number]
  maxMb: number
  /** The lowest used heap in each third, in MB: garbage raises the mean, not the minimum. */
  heapFloorsMb: [number, number, number]
}

/** @throws Error with fewer than three samples */
export function memoryTrend(samples: readonly MemorySample[]): MemoryTrend {
  if (samples.length < 3) throw new Error('A trend needs three samples.')
  const size = samples.length / 3
  const thirds = [0, 1, 2].map(index => samples.slice(Math.floor(index * size), Math.floor((index + 1) * size)))
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  return {
    thirdsMb: thirds.map(third => mean(third.map(({ residentMb }) => residentMb))) as MemoryTrend['thirdsMb'],
    maxMb: Math.max(...samples.map(({ residentMb }) => residentMb)),
    heapFloorsMb: thirds.map(third => Math.min(...third.map(({ heapMb }) => heapMb))) as MemoryTrend['heapFloorsMb'],
  }
}

/**
 * Whether the memory of the last third exceeds that of the middle third by more than the allowed
 * share.
 */
export function isGrowing({ thirdsMb: [, middle, last] }: MemoryTrend, allowedShare: number): boolean {
  return last > middle * (1 + allowedShare)
}
