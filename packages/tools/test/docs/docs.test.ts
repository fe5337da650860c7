/** The generated parts of the documentation are up to date. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { generatedBlocks } from '../../src/docs/blocks.ts'
import { generatedFiles } from '../../src/docs/files.ts'
import { documents, withGeneratedBlocks } from '../../src/docs/generatedBlocks.ts'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

for (const path of documents) {
  t.test(`docs: ${path} has the current generated blocks (else run \`npx pnpm run docs\`)`, async t => {
    t.equal(readFileSync(path, 'utf8'), withGeneratedBlocks(path, await generatedBlocks()))
  })
}

for (const [path, text] of Object.entries(generatedFiles())) {
  t.test(`docs: ${path} is up to date (else run \`npx pnpm run docs\`)`, async t => {
    t.equal(readFileSync(path, 'utf8'), text)
  })
}
