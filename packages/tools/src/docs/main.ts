/** `npx pnpm run docs`: writes the generated blocks and files. */
import { writeFileSync } from 'node:fs'
import { generatedBlocks } from './blocks.ts'
import { generatedFiles } from './files.ts'
import { documents, withGeneratedBlocks } from './generatedBlocks.ts'

const blocks = await generatedBlocks()
for (const path of documents) writeFileSync(path, withGeneratedBlocks(path, blocks))
for (const [path, text] of Object.entries(generatedFiles())) writeFileSync(path, text)
