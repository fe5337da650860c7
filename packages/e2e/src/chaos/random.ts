/** A seeded random stream for each actor: its timing does not change the draws of another. */
import { createHash } from 'node:crypto'

export interface Random {
  /** From `low`, inclusive, to `high`, exclusive. */
  between: (low: number, high: number) => number
  happens: (probability: number) => boolean
  /** @throws Error when there is nothing to pick from */
  pick: <Item>(items: readonly Item[]) => Item
  /** A new list with the same items. */
  shuffled: <Item>(items: readonly Item[]) => Item[]
}

/** Mulberry32, seeded with a hash of the seed and the actor's name. */
export function randomOf(seed: number, actor: string): Random {
  let state = createHash('sha256').update(`${seed}/${actor}`).digest().readUInt32LE()

  const unit = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + unit() * (high - low)
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[Math.floor(between(0, items.length))]
    if (item === undefined) throw new Error('the list is empty')
    return item
  }
  const shuffled = <Item>(items: readonly Item[]): Item[] => {
    const recordsOf = items.map(item => ({ item, order: unit() })).sort((left, right) => left.order - right.order)
    return recordsOf.map(({ item }) => item)
  }
  return { between, happens: probability => unit() < probability, pick, shuffled }
}
