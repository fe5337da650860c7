/** Replaces the generated blocks of a document, between their markers. */
import { readFileSync } from 'node:fs'

const block = /(<!-- generated: ([\w -]+) -->\n)[\s\S]*?(<!-- \/generated -->)/g

/** The documents with generated blocks. */
export const documents = [
  'README.md',
  'docs/assurance.md',
  'docs/configuration.md',
  'docs/conformance.md',
  'docs/decisions/README.md',
  'docs/performance.md',
  'docs/problems.md',
]

/**
 * @returns the document with its current blocks
 * @throws Error when the document has a marker without a block
 */
export function withGeneratedBlocks(path: string, blocks: Readonly<Record<string, string>>): string {
  return readFileSync(path, 'utf8').replaceAll(block, (_all, open: string, name: string, close: string) => {
    const content = blocks[name]
    if (content === undefined) throw new Error(`${path} has a marker for "${name}", but no such block exists`)
    return `${open}${content}\n${close}`
  })
}
