/** `npx pnpm docs`: writes into the documents what is made from code. */
import { writeFileSync } from 'node:fs'
import { blocks } from './blocks.ts'
import { documents, remade } from './made.ts'

const made = await blocks()
for (const path of documents) writeFileSync(path, remade(path, made))
