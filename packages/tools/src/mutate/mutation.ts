/** A mutation: a small fault in the safety-critical code that at least one test must notice. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export interface Mutation {
  /** The source file, from the root of the repository. */
  file: string
  /** The text to replace; it must occur exactly once. */
  from: string
  to: string
  /** The test files to run, in this order, until one fails. */
  tests: readonly string[]
}

interface MutatedFile extends Pick<Mutation, 'file' | 'tests'> {
  changes: readonly [from: string, to: string][]
}

const list = new URL('../../../mutations.yaml', import.meta.url)

/** @returns the mutations of `packages/tools/mutations.yaml` */
export function readMutations(): Mutation[] {
  const files: MutatedFile[] = parse(readFileSync(list, 'utf8'))
  return files.flatMap(({ file, tests, changes }) => changes.map(([from, to]) => ({ file, from, to, tests })))
}
