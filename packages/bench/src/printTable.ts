/** Formats results as a table for the terminal. */
import type { Report, Result } from './result.ts'

const columns = ['name', 'value', 'against', 'ratio', 'spread', 'aim', 'what'] as const

export function tableOf(results: readonly Result[]): string {
  const rows = results.map(result => [
    result.name,
    formatValue(result.value, result.unit),
    result.against === null ? '' : formatValue(result.against, result.unit),
    result.ratio === null ? '' : result.ratio.toFixed(3),
    spreadText(result),
    result.aim ?? '',
    result.what,
  ])
  const all = [[...columns], ...rows]
  const widths = columns.map((_name, index) => Math.max(...all.map(row => row[index]?.length ?? 0)))
  return all
    .map(row =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function describeMachine({ machine, versions, isQuick }: Report): string {
  const { cpu, cores, memoryGiB, system } = machine
  const versionTexts = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const mode = isQuick ? '; short rounds' : ''
  return `${cores} cores of ${cpu}, ${memoryGiB} GiB, ${system}; ${versionTexts.join(', ')}${mode}`
}

/** Three significant digits: the spread of the rounds makes more of them meaningless. */
export function formatValue(value: number, unit: string): string {
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
