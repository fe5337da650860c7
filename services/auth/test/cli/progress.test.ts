/** The progress line of a slow command. */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { fakeClock } from '@gatehouse/testkit'
import t from 'tap'
import { type ReportProgress, withProgress } from '../../src/cli/progress.ts'

function progressFixture({ isTTY }: { isTTY: boolean }) {
  const clock = fakeClock({ wallMs: 0 })
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY })
  const shown = () => (stream.read() as string | null) ?? ''
  const ended = new AbortController()
  const run = (work: (reportProgress: ReportProgress) => void) =>
    withProgress(clock, stream as unknown as NodeJS.WriteStream, async reportProgress => {
      work(reportProgress)
      await once(ended.signal, 'abort')
    })
  return { clock, shown, run, end: () => ended.abort() }
}

t.test('progress: a terminal shows activity, count and seconds after a second, and is cleared at the end', async t => {
  const { clock, shown, run, end } = progressFixture({ isTTY: true })
  let reportProgress: ReportProgress = () => undefined
  const done = run(given => {
    reportProgress = given
  })
  await clock.advance(999)
  t.equal(shown(), '')
  await clock.advance(1)
  t.equal(shown(), '\r\u001b[Kwaiting for the response, 1 s')
  reportProgress('ending 12 sessions of 3 accounts')
  await clock.advance(1000)
  t.equal(shown(), '\r\u001b[Kending 12 sessions of 3 accounts, 2 s')
  end()
  await done
  t.equal(shown(), '\r\u001b[K')
  t.equal(clock.sleepers(), 0)
})

t.test('progress: writes nothing when the output is not a terminal', async t => {
  const { clock, shown, run, end } = progressFixture({ isTTY: false })
  const done = run(reportProgress => reportProgress('ending 12 sessions of 3 accounts'))
  await clock.advance(5000)
  end()
  await done
  t.equal(shown(), '')
})
