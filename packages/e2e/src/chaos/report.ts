/** Tells what a run did, and what broke. */
import type { Violation } from './checker.ts'
import type { Happening, History } from './history.ts'

const mostShown = 5

export function summary({ happenings }: History): string[] {
  const of = (kind: Happening['kind']) => happenings.filter(one => one.kind === kind)
  const revocations = happenings.filter(one => one.kind === 'revocation')
  const inForce = revocations.filter(({ standing }) => standing === 'in-force').map(({ waitedMs }) => waitedMs)
  const recoveries = happenings.filter(one => one.kind === 'recovery').map(({ startMs, endMs }) => endMs - startMs)
  return [
    `log-ins      ${counted(of('login'))}`,
    `requests     ${counted(of('request'))}`,
    `renewals     ${counted(of('rotation'))}`,
    `revocations  ${tally(revocations.map(({ act }) => act))}`,
    `  answered   ${tally(revocations.map(({ standing, told }) => (standing === 'unknown' ? told : standing)))}`,
    `  in force   after p50 ${percentile(inForce, 0.5)} ms, p99 ${percentile(inForce, 0.99)} ms, at most ${percentile(inForce, 1)} ms`,
    `faults       ${tally(happenings.filter(one => one.kind === 'fault').map(({ fault }) => fault))}`,
    ...happenings.flatMap(one =>
      one.kind === 'outcry' ? one.lines.map(line => `${one.target} logged ${line.slice(0, 1500)}`) : [],
    ),
    `recovery     at most ${percentile(recoveries, 1)} ms after the last fault`,
  ]
}

function counted(happenings: Happening[]): string {
  return tally(happenings.map(one => ('told' in one ? one.told : '')))
}

/** How many of each, the most frequent first. */
function tally(names: string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const parts = [...counts].toSorted(([, one], [, other]) => other - one).map(([name, count]) => `${count} ${name}`)
  return `${names.length}: ${parts.join(', ')}`
}

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0)
}

export function verdict(violations: Violation[]): string[] {
  if (violations.length === 0) return ['Every promise was kept.']
  const shown = violations
    .slice(0, mostShown)
    .flatMap(({ promise, what, evidence }) => [
      `${promise}: ${what}`,
      ...evidence.map(one => `    ${JSON.stringify(one)}`),
    ])
  return [`${violations.length} violations: ${tally(violations.map(({ promise }) => promise))}`, ...shown]
}
