/** Shows figures to people: as lines in a terminal. */
import type { Report, Result } from './result.ts'

const columns = ['name', 'value', 'against', 'ratio', 'spread', 'aim', 'what'] as const

export function tableOf(results: readonly Result[]): string {
  const rows = results.map(result => [
    result.name,
    shown(result.value, result.unit),
    result.against === null ? '' : shown(result.against, result.unit),
    result.ratio === null ? '' : result.ratio.toFixed(3),
    spreadText(result),
    result.aim ?? '',
    result.what,
  ])
  const all = [[...columns], ...rows]
  const widths = columns.map((_name, at) => Math.max(...all.map(row => row[at]?.length ?? 0)))
  return all
    .map(row =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function surroundingsOf({ machine, versions, isQuick }: Report): string {
  const { cpu, cores, memoryGiB, system } = machine
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const haste = isQuick ? '; short rounds' : ''
  return `${cores} cores of ${cpu}, ${memoryGiB} GiB, ${system}; ${named.join(', ')}${haste}`
}

/** Three digits say all that a noisy machine knows. */
export function shown(value: number, unit: string): string {
  const digits = value === 0 || Math.abs(value) >= 100 ? 0 : 2 - Math.floor(Math.log10(Math.abs(value)))
  const rounded = Math.abs(value) >= 1000 ? Number(value.toPrecision(3)) : value
  const text = rounded.toLocaleString('en', {
    minimumFractionDigits: Math.min(digits, 3),
    maximumFractionDigits: Math.min(digits, 3),
  })
  return `${text} ${unit}`
}

export function spreadText({ spread }: Pick<Result, 'spread'>): string {
  return spread === null ? '' : `±${(spread * 100).toFixed(spread < 0.1 ? 1 : 0)} %`
}
