/** The list of mutations fits the code: each replaced text occurs exactly once, and each test exists. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { authMutations } from '../../src/mutate/authMutations.ts'
import { coreMutations } from '../../src/mutate/coreMutations.ts'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))

t.test('mutations: each replaced text occurs exactly once, and each test exists', async t => {
  for (const { file, from, to, tests } of [...coreMutations, ...authMutations]) {
    t.equal(readFileSync(join(root, file), 'utf8').split(from).length, 2, `${file}: ${from}`)
    t.not(from, to)
    for (const test of tests) t.ok(existsSync(join(root, test)), test)
  }
})
