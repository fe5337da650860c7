/** What a benchmark yields: one figure, what it stands against, and how far the rounds lay apart. */
import type { Machine } from './machine.ts'

export interface Result {
  name: string
  /** What was counted, against what: a phrase for people. */
  what: string
  value: number
  unit: string
  /** What the value is compared with, in the same unit. */
  against: number | null
  /** The value as a part of what it stands against. */
  ratio: number | null
  /** Half the distance between the best and the worst round, as a part of the median; of the ratio where there is one. */
  spread: number | null
  /** What the ratio, or else the value, should be. */
  aim: string | null
}

export interface Report {
  machine: Machine
  versions: Readonly<Record<string, string>>
  /** Whether the rounds were short ones. */
  isQuick: boolean
  results: readonly Result[]
}

interface Measured {
  name: string
  what: string
  unit: string
  aim?: string
}

/** A figure by itself: the median of its rounds. */
export function figure({ name, what, unit, aim }: Measured, rounds: readonly number[]): Result {
  const value = median(rounds)
  return { name, what, value, unit, against: null, ratio: null, spread: spreadOf(rounds), aim: aim ?? null }
}

/** A figure against another one that was measured in turn with it, round by round: machines change their speed. */
export function comparison({ name, what, unit, aim }: Measured, rounds: readonly Pair[]): Result {
  const ratios = rounds.map(({ value, against }) => value / against)
  return {
    ...{ name, what, unit },
    value: median(rounds.map(({ value }) => value)),
    against: median(rounds.map(({ against }) => against)),
    ratio: median(ratios),
    spread: spreadOf(ratios),
    aim: aim ?? null,
  }
}

export interface Pair {
  value: number
  against: number
}

/** One round of many short ones. */
export function meanOf(pairs: readonly Pair[]): Pair {
  const mean = (values: readonly number[]) => sum(values) / values.length
  return { value: mean(pairs.map(({ value }) => value)), against: mean(pairs.map(({ against }) => against)) }
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0)
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which this part of all lies; between two, in proportion. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  const place = (sorted.length - 1) * part
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

function spreadOf(values: readonly number[]): number | null {
  if (values.length < 2) return null
  const middle = median(values)
  return middle === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / 2 / Math.abs(middle)
}
