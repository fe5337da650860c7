/** A mutation: a small fault in the safety-critical code that at least one test must notice. */
export interface Mutation {
  /** The source file, from the root of the repository. */
  file: string
  /** The text to replace; it must occur exactly once. */
  from: string
  to: string
  /** The test files to run, in this order, until one fails. */
  tests: readonly string[]
}

/** Mutations of one file that the same tests must notice. */
export function mutationsOf(
  file: string,
  tests: readonly string[],
  replacements: readonly [string, string][],
): Mutation[] {
  return replacements.map(([from, to]) => ({ file, from, to, tests }))
}
