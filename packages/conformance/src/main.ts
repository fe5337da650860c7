#!/usr/bin/env node
/** `npx @gatehouse/conformance URL`: checks the guard that serves URL. */
import { parseArgs } from 'node:util'
import { checks, defaultRoutes, runChecks } from './run.ts'
import { tableOf } from './table.ts'

const help = `Usage: gatehouse-conformance URL [options]

Takes the place of the auth service and checks the guard of the application at URL.
Start the application first; see the README for its settings.

  --port N            the port of the fake auth service (4810)
  --pid N             the guard's process, which the check "frozen" stops and continues
  --any PATH          a route for any valid token (${defaultRoutes.any})
  --body PATH         a route for any valid token, POST with a JSON body; by default that of --any; "" for none
  --restricted PATH   a route that requires storage:restricted (${defaultRoutes.restricted}); "" for none
  --stream PATH       a response that stays open (${defaultRoutes.stream}); "" for none
  --open PATH         a route with onUnknown: allow; none by default
  --only ID,ID        run these checks: ${checks.map(({ id }) => id).join(', ')}
  --json              print the results as JSON
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '4810' },
    pid: { type: 'string' },
    only: { type: 'string' },
    any: { type: 'string' },
    body: { type: 'string' },
    restricted: { type: 'string' },
    stream: { type: 'string' },
    open: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const [url] = positionals
const unknown = values.only?.split(',').filter(id => !checks.some(check => check.id === id)) ?? []
if (values.help || url === undefined || !URL.canParse(url) || unknown.length > 0) {
  process.stderr.write(unknown.length > 0 ? `no check is called ${unknown.join(', ')}\n\n${help}` : help)
  process.exit(values.help ? 0 : 2)
}

const { any, body, restricted, stream, open } = values
const given = Object.entries({ any, body, restricted, stream, open }).filter(([, path]) => path !== undefined)
const results = await runChecks({
  url,
  auth: Number(values.port),
  routes: Object.fromEntries(given),
  pid: values.pid === undefined ? undefined : Number(values.pid),
  only: values.only?.split(','),
})
process.stdout.write(`${values.json ? JSON.stringify(results, null, 2) : tableOf(results)}\n`)
process.exitCode = results.some(({ outcome }) => outcome === 'fail') ? 1 : 0
