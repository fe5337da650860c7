/** `npx pnpm run docs`: writes into the documents what is made from code. */
import { writeFileSync } from 'node:fs'
import { blocks } from './blocks.ts'
import { madeFiles } from './files.ts'
import { documents, remade } from './generatedBlocks.ts'

const made = await blocks()
for (const path of documents) writeFileSync(path, remade(path, made))
for (const [path, text] of Object.entries(madeFiles())) writeFileSync(path, text)
