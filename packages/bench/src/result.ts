/** The result of a measurement: a figure, its comparison and its spread. */
import type { Machine } from './machine.ts'

export interface Result {
  name: string
  /** What was measured, and against what. */
  what: string
  value: number
  unit: string
  /** What the value is compared with, in the same unit. */
  against: number | null
  /** The value divided by `against`. */
  ratio: number | null
  /** Half the distance between best and worst round (of the ratio if any), over the median. */
  spread: number | null
  /** The aim for the ratio, or for the value without a ratio. */
  aim: string | null
}

export interface Report {
  machine: Machine
  versions: Readonly<Record<string, string>>
  /** Whether the rounds were short. */
  isQuick: boolean
  results: readonly Result[]
}

interface Measurement {
  name: string
  what: string
  unit: string
  aim?: string
}

/** A figure without comparison: the median of its rounds. */
export function figure({ name, what, unit, aim }: Measurement, rounds: readonly number[]): Result {
  const value = median(rounds)
  return { name, what, value, unit, against: null, ratio: null, spread: spreadOf(rounds), aim: aim ?? null }
}

/** A figure against another, measured in turn by rounds: the speed of a machine varies. */
export function comparison({ name, what, unit, aim }: Measurement, rounds: readonly Pair[]): Result {
  const ratios = rounds.map(({ value, against }) => value / against)
  return {
    name,
    what,
    unit,
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

/** Combines many short rounds into one. */
export function meanOf(pairs: readonly Pair[]): Pair {
  const mean = (values: readonly number[]) => sum(values) / values.length
  return { value: mean(pairs.map(({ value }) => value)), against: mean(pairs.map(({ against }) => against)) }
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** @param fraction between 0 and 1; between two values the result is interpolated */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * fraction
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}

function spreadOf(values: readonly number[]): number | null {
  if (values.length < 2) return null
  const middle = median(values)
  return middle === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / 2 / Math.abs(middle)
}
