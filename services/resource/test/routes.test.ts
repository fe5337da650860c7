/** The warehouse and its doors. */
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { bearer, problemMismatch } from '@gatehouse/testkit'
import t from 'tap'
import { resource } from './helpers/service.ts'

t.test('no badge, no entry', async t => {
  const service = await resource()
  t.teardown(service.stop)
  for (const path of ['/me', '/storage', '/storage/restricted', '/storage/events', '/verify']) {
    t.equal(problemMismatch(await service.send(path), 'token-missing'), null, path)
  }
  t.match(await service.send('/storage', bearer(service.token())), {
    status: 200,
    headers: { 'cache-control': 'no-store' },
  })
})

t.test('badge, but no clearance', async t => {
  const service = await resource()
  t.teardown(service.stop)
  t.equal(
    problemMismatch(await service.send('/storage/restricted', bearer(service.token())), 'insufficient-scope'),
    null,
  )
  const cleared = bearer(service.token({ scope: 'storage:restricted' }))
  t.match(await service.send('/storage/restricted', cleared), { status: 200 })
})

t.test('the badge says who you are', async t => {
  const service = await resource()
  t.teardown(service.stop)
  const answered = await service.send(
    '/me',
    bearer(service.token({ sub: 'ada', sid: 's1', roles: ['admin'], scope: 'a b' })),
  )
  t.match(JSON.parse(answered.text), { id: 'ada', sessionId: 's1', roles: ['admin'], scopes: ['a', 'b'] })
  t.equal(answered.headers['cache-control'], 'no-store')
})

t.test('whoever watches is shown out before the end of their session is acknowledged, and told why', async t => {
  const service = await resource()
  t.teardown(service.stop)
  const sid = randomUUID()
  const [opened, text] = watch(service.port, service.token({ sid }))
  await opened
  const acknowledged = service.auth.nextPoll(({ after }) => after === 1)
  service.auth.revoke({ subject: sid })
  t.equal(await text, 'event: open\ndata: {}\n\nevent: closed\ndata: {"code":"session-ended"}\n\n')
  await acknowledged
})

t.test('a service that stops shows its watchers out', async t => {
  const service = await resource()
  const [opened, text] = watch(service.port, service.token())
  await opened
  await service.stop()
  t.match(await text, /"code":"shutdown"/)
})

t.test('readiness is having keys and a lease; being alive is not', async t => {
  const service = await resource()
  t.teardown(service.stop)
  t.match(await service.send('/readyz'), { status: 200 })
  service.auth.mode = 'down'
  service.auth.release()
  await service.clock.advance(15_000)
  t.equal(problemMismatch(await service.send('/readyz'), 'revocation-unknown'), null)
  t.match(await service.send('/livez'), { status: 200 })
  t.match((await service.send('/metrics')).text, /gatehouse_guard_lease_left_seconds 0/)
})

t.test('without keys it is not ready, and no token is called wrong', async t => {
  const service = await resource({ PUBLIC_KEY: '', ISSUER: 'http://127.0.0.1:9' })
  t.teardown(service.stop)
  t.equal(problemMismatch(await service.send('/readyz'), 'unavailable'), null)
  t.equal(problemMismatch(await service.send('/me', bearer(service.token())), 'unavailable'), null)
})

/** A watcher: the promise that the stream has opened, and the one of all it said. */
function watch(port: number, token: string): [Promise<void>, Promise<string>] {
  let said = ''
  let opened = () => {}
  const open = new Promise<void>(resolve => {
    opened = resolve
  })
  const all = new Promise<string>((resolve, reject) => {
    const get = request(
      { port, host: '127.0.0.1', path: '/storage/events', headers: bearer(token), agent: false },
      response => {
        response.on('data', chunk => {
          said += chunk
          opened()
        })
        response.on('end', () => resolve(said))
      },
    )
    get.on('error', reject).end()
  })
  return [open, all]
}
