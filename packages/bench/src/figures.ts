/** The committed figures as Markdown tables, for the README and docs/performance.md. */
import { readFileSync } from 'node:fs'
import { root } from './authModules.ts'
import { describeMachine, formatValue, spreadText } from './printTable.ts'
import type { Report, Result } from './result.ts'

export const figuresPath = `${root}docs/figures.json`

/** The figures of the README. docs/performance.md has all of them. */
const headlines = [
  'guard-warm',
  'peer-jwt-cached',
  'peer-introspection',
  'revoke-in-force-p50',
  'revoke-in-force-p99',
  'renewal-pgbench',
  'peer-oidc-provider-refresh',
  'peer-better-auth-refresh',
  'login-argon2',
]

export function readFigures(): Report {
  return JSON.parse(readFileSync(figuresPath, 'utf8'))
}

/** @param names the figures in their order; all figures by default */
export function figureTable(report: Report, names?: readonly string[]): string {
  const results =
    names === undefined ? report.results : names.flatMap(name => report.results.filter(result => result.name === name))
  const rows = results.map(result => {
    const cells = [result.what, valueText(result), result.ratio?.toFixed(2) ?? '', spreadText(result), result.aim ?? '']
    return `| ${cells.join(' | ')} |`
  })
  const head = ['| what | measured | ratio | spread | aim |', '| --- | --- | --- | --- | --- |']
  return [...head, ...rows, '', `Measured on ${describeMachine(report)}.`].join('\n')
}

export function headlineTable(report: Report): string {
  return figureTable(report, headlines)
}

function valueText({ value, against, unit }: Result): string {
  return against === null
    ? formatValue(value, unit)
    : `${formatValue(value, unit)} against ${formatValue(against, unit)}`
}
