/** Refusals that are the service's fault appear in the log with their cause, limited in rate. */
import { ProblemError } from '@gatehouse/contract'
import { problemDetails } from '@gatehouse/http'
import { fakeClock } from '@gatehouse/testkit'
import fastify from 'fastify'
import t from 'tap'
import { createFailureLog } from '../src/failureLog.ts'

interface Line {
  level: number
  code?: string
  suppressed?: number
  err?: { message: string }
}

function logTo(lines: Line[]) {
  return { level: 'info', stream: { write: (line: string) => void lines.push(JSON.parse(line) as Line) } }
}

t.test('failure log: a 503 is logged at warn with the error behind it, a 4xx is not', async t => {
  const lines: Line[] = []
  const app = fastify({ logger: logTo(lines), disableRequestLogging: true })
  const translate = (error: unknown) =>
    error instanceof Error && error.message === 'disk full' ? new ProblemError('unavailable', 'database') : undefined
  await app.register(problemDetails, { problemBase: 'https://a.example', realm: 'a', translate, errors: 'all' })
  app.get('/full', () => {
    throw new Error('disk full')
  })
  app.get('/refused', () => {
    throw new ProblemError('conflict', 'test')
  })
  t.equal((await app.inject('/refused')).statusCode, 409)
  t.strictSame(lines, [])
  t.equal((await app.inject('/full')).statusCode, 503)
  t.match(lines, [{ level: 40, code: 'unavailable', err: { message: 'disk full' } }])
  for (let count = 0; count < 20; count += 1) await app.inject('/full')
  t.equal(lines.length, 1, 'further ones within ten seconds are suppressed')
})

t.test('failure log: the next line counts the suppressed ones, for each code', async t => {
  const lines: Line[] = []
  const { log } = fastify({ logger: logTo(lines) })
  const clock = fakeClock({ wallMs: 1_800_000_000_000 })
  const logFailure = createFailureLog(clock)
  const cause = new Error('disk full')
  for (let count = 0; count < 3; count += 1) t.ok(logFailure(log, { code: 'unavailable', cause }))
  logFailure(log, { code: 'overloaded', cause })
  await clock.advance(10_000)
  logFailure(log, { code: 'unavailable', cause })
  t.match(lines, [
    { code: 'unavailable', suppressed: 0 },
    { code: 'overloaded', suppressed: 0 },
    { code: 'unavailable', suppressed: 2 },
  ])
})
