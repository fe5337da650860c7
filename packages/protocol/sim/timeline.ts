/** Virtual time: what happens when, in one order, with nothing to wait for. */

export interface Timeline {
  /** True time, which nobody in the simulation can read. */
  trueMs: () => number
  after: (delayMs: number, act: () => void) => void
  /** Runs everything up to the given instant, and `afterEach` after each event. */
  runUntil: (endMs: number, afterEach: () => void) => void
}

interface Happening {
  atMs: number
  order: number
  act: () => void
}

export function createTimeline(): Timeline {
  const heap: Happening[] = []
  let nowMs = 0
  let count = 0

  const after: Timeline['after'] = (delayMs, act) => {
    count += 1
    push(heap, { atMs: nowMs + delayMs, order: count, act })
  }
  const runUntil: Timeline['runUntil'] = (endMs, afterEach) => {
    for (let next = heap[0]; next !== undefined && next.atMs <= endMs; next = heap[0]) {
      pop(heap)
      nowMs = next.atMs
      next.act()
      afterEach()
    }
    nowMs = endMs
  }
  return { trueMs: () => nowMs, after, runUntil }
}

function isSooner(one: Happening, other: Happening): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}

function push(heap: Happening[], added: Happening): void {
  let place = heap.length
  while (place > 0) {
    const above = (place - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || !isSooner(added, parent)) break
    heap[place] = parent
    place = above
  }
  heap[place] = added
}

function pop(heap: Happening[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let place = 0
  for (;;) {
    const left = heap[2 * place + 1]
    const right = heap[2 * place + 2]
    const isRight = left !== undefined && right !== undefined && isSooner(right, left)
    const sooner = isRight ? right : left
    if (sooner === undefined || !isSooner(sooner, last)) break
    heap[place] = sooner
    place = 2 * place + (isRight ? 2 : 1)
  }
  heap[place] = last
}
