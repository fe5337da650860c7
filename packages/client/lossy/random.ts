/** Seeded chance (mulberry32): a seed that is printed makes the same choices again. */

export interface Random {
  (): number
  /** @returns an integer from 0 to limit - 1 */
  below(limit: number): number
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
}

export function seeded(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b9)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return Object.assign(next, {
    below,
    chance: (probability: number) => next() < probability,
    pick: <Item>(items: readonly Item[]) => items[below(items.length)] as Item,
  })
}
