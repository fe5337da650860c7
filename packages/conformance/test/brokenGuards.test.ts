/** Each broken guard fails the check that is about its fault. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { type Fault, faults } from './helpers/brokenGuards/faults.ts'
import { checkProcess } from './helpers/guardProcess.ts'

const entry = fileURLToPath(new URL('helpers/fastifyApp.js', import.meta.url))
const preload = new URL('helpers/brokenGuards/preload.js', import.meta.url)

t.jobs = 2
for (const [name, { check, why }] of Object.entries(faults) as [string, Fault][]) {
  t.test(`${name}: the check ${check} fails`, async t => {
    const nodeOptions = `--import=${preload.href}?fault=${encodeURIComponent(name)}`
    const results = await checkProcess({ entry, nodeOptions, options: { only: [check] } })
    t.match(
      results.find(({ id }) => id === 'start'),
      { outcome: 'pass' },
    )
    t.match(
      results.find(({ id }) => id === check),
      { outcome: 'fail', detail: why },
    )
  })
}
