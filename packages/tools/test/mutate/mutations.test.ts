/** The list of mutations fits the code: each replaced text occurs exactly once, and each test exists. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readMutations } from '../../src/mutate/mutation.ts'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))

t.test('mutations: each replaced text occurs exactly once, and each test exists', async t => {
  const mutations = readMutations()
  t.ok(mutations.length > 100)
  for (const { file, from, to, tests } of mutations) {
    t.ok(tests.length > 0, file)
    t.equal(readFileSync(join(root, file), 'utf8').split(from).length, 2, `${file}: ${from}`)
    t.not(from, to)
    for (const test of tests) t.ok(existsSync(join(root, test)), test)
  }
})
