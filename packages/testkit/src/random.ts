/** A seeded random stream for each actor: its timing does not change the draws of another. */
import { createHash, randomInt } from 'node:crypto'

/** `SEED=n` replays the run of a test that printed `n`. */
export const testSeed = Number(process.env['SEED'] ?? randomInt(2 ** 31))

export interface Random {
  /** From `low`, inclusive, to `high`, exclusive. */
  between: (low: number, high: number) => number
  /** @returns an integer from 0 to `max` */
  upTo: (max: number) => number
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
  const upTo = (max: number) => Math.floor(between(0, max + 1))
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[upTo(items.length - 1)]
    if (item === undefined) throw new Error('the list is empty')
    return item
  }
  const shuffled = <Item>(items: readonly Item[]): Item[] => {
    const recordsOf = items.map(item => ({ item, order: unit() })).sort((left, right) => left.order - right.order)
    return recordsOf.map(({ item }) => item)
  }
  return { between, upTo, happens: probability => unit() < probability, pick, shuffled }
}
