/** Virtual time: runs events in the order of their times without waiting. */

export interface Timeline {
  /** True time, which no process of the simulation can read. */
  trueMs: () => number
  after: (delayMs: number, act: () => void) => void
  /** Runs all events up to the given time, and `afterEach` after each. */
  runUntil: (endMs: number, afterEach: () => void) => void
}

interface TimelineEvent {
  atMs: number
  order: number
  action: () => void
}

export function createTimeline(): Timeline {
  const heap: TimelineEvent[] = []
  let nowMs = 0
  let count = 0

  const after: Timeline['after'] = (delayMs, action) => {
    count += 1
    push(heap, { atMs: nowMs + delayMs, order: count, action })
  }
  const runUntil: Timeline['runUntil'] = (endMs, afterEach) => {
    for (let next = heap[0]; next !== undefined && next.atMs <= endMs; next = heap[0]) {
      pop(heap)
      nowMs = next.atMs
      next.action()
      afterEach()
    }
    nowMs = endMs
  }
  return { trueMs: () => nowMs, after, runUntil }
}

function isSooner(event: TimelineEvent, rival: TimelineEvent): boolean {
  return event.atMs < rival.atMs || (event.atMs === rival.atMs && event.order < rival.order)
}

function push(heap: TimelineEvent[], added: TimelineEvent): void {
  let index = heap.length
  while (index > 0) {
    const parentIndex = (index - 1) >> 1
    const parent = heap[parentIndex]
    if (parent === undefined || !isSooner(added, parent)) break
    heap[index] = parent
    index = parentIndex
  }
  heap[index] = added
}

function pop(heap: TimelineEvent[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    const left = heap[2 * index + 1]
    const right = heap[2 * index + 2]
    const isRight = left !== undefined && right !== undefined && isSooner(right, left)
    const sooner = isRight ? right : left
    if (sooner === undefined || !isSooner(sooner, last)) break
    heap[index] = sooner
    index = 2 * index + (isRight ? 2 : 1)
  }
  heap[index] = last
}
