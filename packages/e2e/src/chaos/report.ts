/** Prints what a run did and which promises broke. */
import type { Violation } from './checker.ts'
import type { History, HistoryEvent } from './history.ts'

const maxShown = 5

export function summary({ events }: History): string[] {
  const of = (kind: HistoryEvent['kind']) => events.filter(event => event.kind === kind)
  const revocations = events.filter(event => event.kind === 'revocation')
  const inForce = revocations
    .filter(({ barrierResult }) => barrierResult === 'in-force')
    .map(({ waitedMs }) => waitedMs)
  const recoveries = events.filter(event => event.kind === 'recovery').map(({ startMs, endMs }) => endMs - startMs)
  return [
    `log-ins      ${counted(of('login'))}`,
    `requests     ${counted(of('request'))}`,
    `renewals     ${counted(of('renewal'))}`,
    `revocations  ${tally(revocations.map(({ method }) => method))}`,
    `  answered   ${tally(revocations.map(({ barrierResult, result }) => (barrierResult === 'unknown' ? result : barrierResult)))}`,
    `  in force   after p50 ${percentile(inForce, 0.5)} ms, p99 ${percentile(inForce, 0.99)} ms, at most ${percentile(inForce, 1)} ms`,
    `faults       ${tally(events.filter(event => event.kind === 'fault').map(({ fault }) => fault))}`,
    ...events.flatMap(event =>
      event.kind === 'logged-errors' ? event.proxies.map(line => `${event.target} logged ${line.slice(0, 1500)}`) : [],
    ),
    `recovery     at most ${percentile(recoveries, 1)} ms after the last fault`,
  ]
}

function counted(events: HistoryEvent[]): string {
  return tally(events.map(event => ('result' in event ? event.result : '')))
}

/** Counts by name, the most frequent first. */
function tally(names: string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const parts = [...counts].toSorted(([, left], [, right]) => right - left).map(([name, count]) => `${count} ${name}`)
  return `${names.length}: ${parts.join(', ')}`
}

function percentile(values: number[], share: number): number {
  const recordsOf = values.toSorted((left, right) => left - right)
  return Math.round(recordsOf[Math.max(0, Math.ceil(share * recordsOf.length) - 1)] ?? 0)
}

export function verdict(violations: Violation[]): string[] {
  if (violations.length === 0) return ['Every promise was kept.']
  const listed = violations
    .slice(0, maxShown)
    .flatMap(({ promise, what, evidence }) => [
      `${promise}: ${what}`,
      ...evidence.map(event => `    ${JSON.stringify(event)}`),
    ])
  return [`${violations.length} violations: ${tally(violations.map(({ promise }) => promise))}`, ...listed]
}
