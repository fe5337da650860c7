/** The deliberate faults fit the present code. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { mutationNames, mutations } from '../../src/chaos/mutations/mutations.ts'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))

for (const name of mutationNames) {
  t.test(`mutation ${name}: replaces exactly one line of each of its modules`, async t => {
    for (const { file, from } of mutations[name].edits)
      t.equal(readFileSync(root + file, 'utf8').split(from).length, 2, from)
  })
}
