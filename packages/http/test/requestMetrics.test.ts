/** Request metrics: bounded series and correct counts. */
import { problemDetails, requestMetrics } from '@gatehouse/http'
import { fakeClock } from '@gatehouse/testkit'
import fastify from 'fastify'
import { Registry } from 'prom-client'
import t from 'tap'

async function measured() {
  const clock = fakeClock({ wallMs: 0 })
  await clock.advance(1000)
  const requests = requestMetrics(clock)
  const app = fastify()
  await app.register(requests.plugin)
  await app.register(problemDetails, { problemBase: 'https://auth.example/problems', realm: 'test', errors: 'all' })
  app.get('/things/:id', async () => 'here')
  app.get('/slow/:pattern(^["\\d]+$)', async () => {
    await clock.advance(30)
    return 'done'
  })
  return { app, requests }
}

t.test('series: one for each route pattern, and one for all unknown routes', async t => {
  const { app, requests } = await measured()
  for (const url of ['/things/1', '/things/2', '/none/1', '/none/2', '/none/3']) await app.inject(url)
  await app.inject({ method: 'POST', url: '/things/1' })
  const counts = requests.text().match(/^http_request_duration_seconds_count.*$/gm)
  t.same(counts, [
    'http_request_duration_seconds_count{method="GET",route="/things/:id",status="200"} 2',
    'http_request_duration_seconds_count{method="GET",route="none",status="404"} 3',
    'http_request_duration_seconds_count{method="POST",route="none",status="405"} 1',
  ])
})

t.test('buckets: are cumulative, and the sum is the elapsed time', async t => {
  const { app, requests } = await measured()
  await app.inject('/slow/1')
  await app.inject('/slow/2')
  const lines = requests.text().split('\n')
  const of = (le: string) =>
    lines
      .find(line => line.includes(`le="${le}"`))
      ?.split(' ')
      .at(-1)
  t.same(['0.025', '0.05', '40', '+Inf'].map(of), ['0', '2', '2', '2'])
  t.match(
    lines.find(line => line.includes('_sum')),
    / 0\.06$/,
  )
  t.ok(lines.some(line => line.includes('route="/slow/:pattern(^[\\"\\\\d]+$)"')))
})

t.test('text: can follow the output of prom-client', async t => {
  const { app, requests } = await measured()
  await app.inject('/things/1')
  const text = (await new Registry().metrics()) + requests.text()
  for (const line of text.trim().split('\n')) t.match(line, /^# (HELP|TYPE) |^[a-z_]+\{[^\n]*\} \d/)
  t.match(text, /\n$/)
})
