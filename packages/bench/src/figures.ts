/** The README's figures: a page of Markdown made from the report that was measured last and committed. */
import { readFileSync } from 'node:fs'
import { root } from './authModules.ts'
import { shown, spreadText, surroundingsOf } from './printTable.ts'
import type { Report, Result } from './result.ts'

export const figuresPath = `${root}docs/figures.json`

/** What a newcomer wants to know; the rest stands in docs/performance.md. */
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

/** @param names which figures, in their order; all without them */
export function figureTable(report: Report, names?: readonly string[]): string {
  const chosen = names === undefined ? report.results : names.flatMap(name => report.results.filter(isNamed(name)))
  const rows = chosen.map(result => {
    const cells = [result.what, valueText(result), result.ratio?.toFixed(2) ?? '', spreadText(result), result.aim ?? '']
    return `| ${cells.join(' | ')} |`
  })
  const head = ['| what | measured | ratio | spread | aim |', '| --- | --- | --- | --- | --- |']
  return [...head, ...rows, '', `Measured on ${surroundingsOf(report)}.`].join('\n')
}

export function headlineTable(report: Report): string {
  return figureTable(report, headlines)
}

function isNamed(wanted: string): (result: Result) => boolean {
  return ({ name }) => name === wanted
}

function valueText({ value, against, unit }: Result): string {
  return against === null ? shown(value, unit) : `${shown(value, unit)} against ${shown(against, unit)}`
}
