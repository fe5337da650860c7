/** Seeded random numbers: the same seed gives the same run. */

export interface Random {
  /** From 0, inclusive, to 1, exclusive. */
  unit: () => number
  between: (low: number, high: number) => number
  /** A whole number, both ends included. */
  whole: (low: number, high: number) => number
  happens: (probability: number) => boolean
  pick: <Item>(items: readonly Item[]) => Item
}

/** Splitmix32: fast, and neighbouring seeds give unrelated sequences. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) | 0

  const unit = () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + unit() * (high - low)
  const whole = (low: number, high: number) => Math.floor(between(low, high + 1))
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[whole(0, items.length - 1)]
    if (item === undefined) throw new Error('cannot pick from an empty list')
    return item
  }
  return { unit, between, whole, happens: probability => unit() < probability, pick }
}
