/** The guard for Fastify passes every check. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { tableOf } from '../src/index.ts'
import { checkProcess } from './helpers/guardProcess.ts'

t.test('the guard for Fastify passes every check', async t => {
  const entry = fileURLToPath(new URL('helpers/fastifyApp.js', import.meta.url))
  const results = await checkProcess({ entry, options: { routes: { open: '/storage/open' } } })
  t.comment(tableOf(results))
  t.strictSame(
    results.filter(({ outcome }) => outcome !== 'pass'),
    [],
  )
})
