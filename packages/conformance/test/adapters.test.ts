/** The adapters for other frameworks pass the checks that depend on the adapter. */
import { fileURLToPath } from 'node:url'
import { installOnDemand, installRuntimes } from '@gatehouse/testkit'
import t from 'tap'
import { tableOf } from '../src/index.ts'
import { checkProcess } from './helpers/guardProcess.ts'

const { Bun, Deno } = await installRuntimes()
interface Application {
  /** The file in `packages/guard/frameworks`, the adapter, and what is below it. */
  parameters: string[]
  /** By default Node. */
  command?: string[]
}
const applications: Record<string, Application> = {
  Koa: { parameters: ['koa.mjs', 'koa'] },
  Hono: { parameters: ['hono.mjs', 'web'] },
  'Hono on Bun': { parameters: ['hono.mjs', 'web'], command: [Bun] },
  'Hono on Deno': { parameters: ['hono.mjs', 'web'], command: [Deno, 'run', '--allow-all'] },
  'NestJS on Express': { parameters: ['nest.mjs', 'nest', 'express'] },
  'NestJS on Fastify': { parameters: ['nest.mjs', 'nest', 'fastify'] },
}
const routes = { any: '/me', body: '/act', restricted: '/restricted', stream: '/stream', open: '/lenient' }
/** The other checks are about the feed, which all adapters follow with the same code. */
const only = ['tokens', 'effects', 'stream', 'slow-body', 'key-withdrawn']
const entry = fileURLToPath(new URL('helpers/frameworkApp.js', import.meta.url))

// Before the first process needs them.
await installOnDemand('packages/guard/frameworks')
t.jobs = 2
for (const [name, { parameters, command }] of Object.entries(applications)) {
  t.test(`the guard for ${name} passes the checks of requests, bodies and streams`, async t => {
    const results = await checkProcess({ entry, command, arguments: parameters, options: { routes, only } })
    t.comment(tableOf(results))
    t.equal(results.length, only.length + 1)
    t.strictSame(
      results.filter(({ outcome }) => outcome !== 'pass'),
      [],
    )
  })
}
