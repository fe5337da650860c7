/** The guards for Fastify and for node:http pass every check, and the fake feed accepts what the auth service accepts. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startFakeAuth, tableOf } from '../src/index.ts'
import { clientId, clientSecret } from '../src/settings.ts'
import { checkProcess } from './helpers/guardProcess.ts'

t.jobs = 2
for (const [name, file] of Object.entries({ Fastify: 'fastifyApp.js', 'node:http': 'nodeApp.js' })) {
  t.test(`the guard for ${name} passes every check`, async t => {
    const entry = fileURLToPath(new URL(`helpers/${file}`, import.meta.url))
    const results = await checkProcess({ entry, options: { routes: { open: '/storage/open' } } })
    t.comment(tableOf(results))
    t.strictSame(
      results.filter(({ outcome }) => outcome !== 'pass'),
      [],
    )
  })
}

t.test('a poll without a name or with an unknown member is refused, as the auth service refuses it', async t => {
  const auth = await startFakeAuth()
  t.teardown(auth.stop)
  const pair = Buffer.from([clientId, clientSecret].map(encodeURIComponent).join(':')).toString('base64')
  const poll = { guard: '00000000-0000-4000-8000-000000000001', name: 'a', version: '1' }
  const statusOf = async (body: object) => {
    const init = { method: 'POST', headers: { authorization: `Basic ${pair}` }, body: JSON.stringify(body) }
    return (await fetch(`${auth.url}/guards/poll`, init)).status
  }
  t.equal(await statusOf(poll), 200)
  t.equal(await statusOf({ ...poll, name: undefined }), 400)
  t.equal(await statusOf({ ...poll, host: 'x' }), 400)
  t.equal(auth.counts.malformed, 2)
})
