/** What `npx pnpm test` prints while it runs. */
import { test } from 'tap'
import { findTests, sourceOf } from '../src/testFiles.ts'
import { createTestProgress } from '../src/testProgress.ts'

const [good, bad] = ['packages/a/dist/test/good.test.js', 'packages/b/dist/test/bad.test.js'] as const

const tap = `TAP version 14
1..2
# Subtest: ${good}
    ok 1 - fine
    1..1
ok 1 - ${good} # time=1234.5ms

# Subtest: ${bad}
    not ok 1 - one is two
      ---
      diff: "-2 +1"
      ...
    ok 2 - fine
    1..2
not ok 2 - timeout!

# { total: 3, pass: 2, fail: 1 }
`

test('progress: names each file with its place, the next one, and the details of a failure only', async t => {
  const lines: string[] = []
  const shown: string[] = []
  const progress = createTestProgress({
    files: [good, bad],
    print: line => lines.push(line),
    show: line => shown.push(line),
  })
  progress.start()
  for (const line of tap.split('\n')) progress.onLine(line)
  t.strictSame(lines, [
    '[1/2] ok     1.2 s  packages/a/test/good.test.ts',
    '[2/2] FAILED 0.0 s  packages/b/test/bad.test.ts',
    '    not ok 1 - one is two',
    '      ---',
    '      diff: "-2 +1"',
    '      ...',
  ])
  t.strictSame(shown, ['[1/2] running packages/a/test/good.test.ts', '[2/2] running packages/b/test/bad.test.ts'])
  t.strictSame(progress.counts, { pass: 2, fail: 1 })
})

test('findTests: finds this file', async t => {
  const root = new URL('../../../../', import.meta.url)
  t.ok(findTests(root.pathname).map(sourceOf).includes('packages/testkit/test/testProgress.test.ts'))
})
