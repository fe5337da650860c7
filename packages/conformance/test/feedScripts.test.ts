/** The rules of the protocol package do what the scripts of `vectors/feed` say. */
import t from 'tap'
import { readFeedScripts } from '../src/vectors.ts'
import { mismatchesOf } from './helpers/scriptRunner.ts'

for (const [name, script] of readFeedScripts()) {
  t.test(`${name}: ${script.title}`, async t => {
    t.strictSame(mismatchesOf(script), [])
  })
}
