/** Writes the history and the violations of a run to a file, for later analysis. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Violation } from './checker.ts'
import type { History } from './history.ts'
import { summary, verdict } from './report.ts'

/** @returns the path of a new file; every run has its own */
export function writeEvidence(seed: number, history: History, violations: Violation[]): string {
  const file = join(mkdtempSync(join(tmpdir(), `gatehouse-chaos-${seed}-`)), 'evidence.json')
  const report = [...summary(history), ...verdict(violations)]
  writeFileSync(file, JSON.stringify({ seed, report, violations, history }))
  return file
}
