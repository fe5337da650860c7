/** The documentation says what the code says. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { blocks } from '../../src/docs/blocks.ts'
import { madeFiles } from '../../src/docs/files.ts'
import { documents, remade } from '../../src/docs/generatedBlocks.ts'

process.chdir(fileURLToPath(new URL('../../../../../', import.meta.url)))

for (const path of documents) {
  t.test(`what ${path} shows of the code is the code's: else run \`npx pnpm run docs\``, async t => {
    t.equal(readFileSync(path, 'utf8'), remade(path, await blocks()))
  })
}

for (const [path, text] of Object.entries(madeFiles())) {
  t.test(`${path} is what the code makes of it: else run \`npx pnpm run docs\``, async t => {
    t.equal(readFileSync(path, 'utf8'), text)
  })
}
