/** Puts what is made from code into the documents, between its markers. */
import { readFileSync } from 'node:fs'

const block = /(<!-- generated: ([\w -]+) -->\n)[\s\S]*?(<!-- \/generated -->)/g

/** The documents that hold such blocks. */
export const documents = [
  'README.md',
  'docs/configuration.md',
  'docs/decisions/README.md',
  'docs/performance.md',
  'docs/problems.md',
]

/**
 * @returns the document as it ought to be
 * @throws when it asks for a block that nobody makes
 */
export function remade(path: string, blocks: Readonly<Record<string, string>>): string {
  return readFileSync(path, 'utf8').replaceAll(block, (_all, open: string, name: string, close: string) => {
    const made = blocks[name]
    if (made === undefined) throw new Error(`${path} asks for "${name}", which nobody makes`)
    return `${open}${made}\n${close}`
  })
}
