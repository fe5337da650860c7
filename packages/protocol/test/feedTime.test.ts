/** The time of the feed: the database's time, carried on by the monotonic clock. */
import t from 'tap'
import { advanceFeedTime, feedNowMs } from '../src/index.ts'

const dbNowMs = 1_700_000_000_000
const first = advanceFeedTime(null, { dbNowMs, receivedAtMs: 500 })

t.test('feedNowMs: is the database time plus the monotonic time since the response', async t => {
  t.equal(feedNowMs(first, 500), dbNowMs)
  t.equal(feedNowMs(first, 1750), dbNowMs + 1250)
})

t.test('feedNowMs: follows the database when the monotonic clock is slow', async t => {
  const second = advanceFeedTime(first, { dbNowMs: dbNowMs + 1100, receivedAtMs: 1500 })
  t.equal(feedNowMs(second, 1500), dbNowMs + 1100)
})

t.test('feedNowMs: does not go back after a delayed response, and does not run ahead of the database', async t => {
  const delayed = advanceFeedTime(first, { dbNowMs: dbNowMs + 400, receivedAtMs: 1500 })
  t.equal(feedNowMs(delayed, 1500), dbNowMs + 1000, 'the time before the response stays')
  t.equal(feedNowMs(delayed, 2000), dbNowMs + 1000, 'until the database has reached it')
  t.equal(feedNowMs(delayed, 2200), dbNowMs + 1100)
})

t.test('feedNowMs: a fast monotonic clock does not accumulate an error over many responses', async t => {
  let time = first
  for (let second = 1; second <= 1000; second += 1)
    time = advanceFeedTime(time, { dbNowMs: dbNowMs + second * 1000, receivedAtMs: 500 + second * 1010 })
  t.ok(feedNowMs(time, 500 + 1_010_000) <= dbNowMs + 1_000_010)
})

t.test('feedNowMs: stays when the database clock is set back', async t => {
  const setBack = advanceFeedTime(first, { dbNowMs: dbNowMs - 3_600_000, receivedAtMs: 1500 })
  t.equal(feedNowMs(setBack, 1500), dbNowMs + 1000)
})
