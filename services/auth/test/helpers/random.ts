/** Seeded random numbers: `SEED=n` replays the run of a test that printed `n`. */
import { randomInt } from 'node:crypto'

export const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))

export interface Random {
  /** @returns an integer from 0 to `max` */
  upTo: (max: number) => number
  pick: <Item>(items: readonly [Item, ...Item[]]) => Item
}

/** Mulberry32: the same sequence on every platform. */
export function createRandom(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
  const upTo = (most: number) => Math.floor(next() * (most + 1))
  return { upTo, pick: items => items[upTo(items.length - 1)] ?? items[0] }
}
