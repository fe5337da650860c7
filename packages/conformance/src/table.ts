/** Prints results as a table. */
import type { CheckResult } from './run.ts'

const marks = { pass: 'ok', fail: 'FAIL', skipped: 'skip' }

/** @returns one line for each check, and a summary */
export function tableOf(results: readonly CheckResult[]): string {
  const rows = results.map(({ id, property, outcome, durationMs, title, detail }) => [
    ...[marks[outcome], property, id, `${durationMs} ms`, detail === '' ? title : `${title} (${detail})`],
  ])
  const widths = [0, 1, 2, 3].map(column => Math.max(...rows.map(row => (row[column] ?? '').length)))
  const lines = rows.map(row => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  '))
  const count = (outcome: CheckResult['outcome']) => results.filter(result => result.outcome === outcome).length
  return [...lines, '', `${count('pass')} passed, ${count('fail')} failed, ${count('skipped')} skipped`].join('\n')
}
