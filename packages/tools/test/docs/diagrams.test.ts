/** The Mermaid diagrams of the documentation are well formed. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { installOnDemand } from '@gatehouse/testkit'
import t, { type Test } from 'tap'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

const sequenceLines = [
  /^participant \w+ as .+$/,
  /^Note over \w+(,\w+)?: .+$/,
  /^\w+(->>|-->>|-x|--x)\w+: .+$/,
  /^(alt|else|loop|opt) .+$/,
  /^end$/,
]
const documents = readdirSync('docs', { recursive: true, encoding: 'utf8' }).map(name => `docs/${name}`)
const pages = ['README.md', ...documents.filter(name => name.endsWith('.md'))].filter(name =>
  readFileSync(name, 'utf8').includes('```mermaid'),
)

for (const page of pages) {
  t.test(`${page}: each diagram has a known type and balanced brackets`, async t => {
    const diagrams = [...readFileSync(page, 'utf8').matchAll(/```mermaid\n([\s\S]*?)```/g)]
    t.ok(diagrams.length > 0)
    for (const [, diagram = ''] of diagrams) {
      const [head = '', ...lines] = diagram.trim().split('\n')
      t.match(head, /^(sequenceDiagram|stateDiagram-v2|flowchart (LR|TD))$/)
      if (head === 'sequenceDiagram') checkSequence(t, lines)
      else t.equal(count(diagram, /[[({]/g), count(diagram, /[\])}]/g), `${page}: balanced brackets`)
    }
  })
}

t.test("Mermaid's parser accepts each diagram", async t => {
  const folder = await installOnDemand('packages/tools/diagrams')
  const { status, stderr } = spawnSync(process.execPath, [`${folder}/parse.mjs`, ...pages], { encoding: 'utf8' })
  t.equal(status, 0, stderr)
})

function checkSequence(t: Test, lines: readonly string[]): void {
  const participants = new Set(lines.flatMap(line => /^\s*participant (\w+)/.exec(line)?.[1] ?? []))
  for (const line of lines.map(text => text.trim()).filter(text => text !== '')) {
    t.ok(
      sequenceLines.some(form => form.test(line)),
      line,
    )
    const [, left, , right] = /^(\w+)(->>|-->>|-x|--x)(\w+):/.exec(line) ?? []
    for (const name of [left, right]) if (name !== undefined) t.ok(participants.has(name), `${name} is a participant`)
  }
}

function count(text: string, form: RegExp): number {
  return text.match(form)?.length ?? 0
}
