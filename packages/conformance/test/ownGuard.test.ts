/** The guards for Fastify and for node:http pass every check. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { tableOf } from '../src/index.ts'
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
