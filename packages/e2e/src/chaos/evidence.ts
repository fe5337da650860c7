/** Keeps what a run has shown, for whoever wants to know why a promise was broken. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Violation } from './checker.ts'
import type { History } from './history.ts'
import { summary, verdict } from './report.ts'

/** @returns the file; each run has one of its own, so that none is lost to the next */
export function keepEvidence(seed: number, history: History, violations: Violation[]): string {
  const file = join(mkdtempSync(join(tmpdir(), `gatehouse-chaos-${seed}-`)), 'evidence.json')
  const report = [...summary(history), ...verdict(violations)]
  writeFileSync(file, JSON.stringify({ seed, report, violations, history }))
  return file
}
