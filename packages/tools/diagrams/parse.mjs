/** Parses the Mermaid blocks of the given Markdown files with Mermaid's own parser. */
import { readFileSync } from 'node:fs'
import { register } from 'node:module'

register('./hooks.mjs', import.meta.url)
const { default: mermaid } = await import('mermaid')

let failures = 0
for (const path of process.argv.slice(2)) {
  for (const [, diagram] of readFileSync(path, 'utf8').matchAll(/```mermaid\n([\s\S]*?)```/g)) {
    try {
      await mermaid.parse(diagram)
    } catch (error) {
      failures += 1
      console.error(`${path}: ${error.message}`)
    }
  }
}
process.exitCode = failures === 0 ? 0 : 1
