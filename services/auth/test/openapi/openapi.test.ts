/** The OpenAPI document is complete, well formed, and enough to generate a working client. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { problems } from '@gatehouse/contract'
import { installOnDemand, runGeneratedClient } from '@gatehouse/testkit'
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { password, startService } from '../helpers/service.ts'

interface Linter {
  createConfig: (config: { extends: string[] }) => Promise<object>
  lintFromString: (input: { source: string; absoluteRef: string; config: object }) => Promise<Finding[]>
}
interface Finding {
  ruleId: string
  message: string
  location: { pointer?: string }[]
}

const tools = await installOnDemand('services/auth/on-demand')
const requireTool = createRequire(join(tools, 'package.json'))
const { createConfig, lintFromString }: Linter = requireTool('@redocly/openapi-core')
const here = fileURLToPath(new URL('.', import.meta.url))
/** The compiled test is in `dist`; other files are in the source folder. */
const packageDir = here.replace(/dist[\\/]test[\\/]openapi[\\/]$/, '')

interface Schema {
  type?: string
  properties?: Record<string, Schema>
  items?: Schema
  [word: string]: unknown
}
interface Operation {
  operationId?: string
  summary?: string
  security?: Record<string, string[]>[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { description?: string }>
}
interface Document {
  paths: Record<string, Record<string, Operation>>
}

function operationsOf({ paths }: Document): [string, Operation][] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  )
}

t.test('the document passes the recommended rules of a linter', async t => {
  const service = await startService(t)
  const source = await (await fetch(`${service.url}/openapi.json`)).text()
  const config = await createConfig({ extends: ['recommended'] })
  const found = await lintFromString({ source, absoluteRef: 'openapi.json', config })
  const problems = found.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])
  t.strictSame(problems, [])
})

t.test('every operation is named once, and says what it refuses', async t => {
  const service = await startService(t)
  const operations = operationsOf((await service.call('/openapi.json')).body as Document)
  const ids = operations.map(([, { operationId }]) => operationId)
  t.equal(new Set(ids).size, operations.length)
  for (const [name, { responses, security }] of operations) {
    if (name.includes('/oauth/')) continue
    const said = Object.values(responses)
      .map(({ description = '' }) => description)
      .join()
    for (const code of ['request-malformed', 'internal-error', 'unavailable']) t.match(said, code, `${name}: ${code}`)
    if (security?.some(way => 'bearer' in way)) {
      for (const code of ['token-missing', 'token-expired', 'token-invalid', 'session-ended', 'account-disabled'])
        t.match(said, code, `${name}: ${code}`)
    }
    for (const [, code = ''] of said.matchAll(/`([a-z-]+)` \(/g)) t.ok(Object.hasOwn(problems, code), code)
  }
})

t.test('every text that a request takes has an example, or a form that says enough', async t => {
  const service = await startService(t)
  const bare: string[] = []
  for (const [name, { requestBody }] of operationsOf((await service.call('/openapi.json')).body as Document)) {
    for (const { schema } of Object.values(requestBody?.content ?? {})) bare.push(...bareTexts(schema, name))
  }
  t.strictSame(bare, [])
})

function bareTexts(schema: Schema, path: string): string[] {
  const says = ['examples', 'enum', 'const', 'format', 'pattern'].some(word => word in schema)
  if (schema.type === 'string') return says ? [] : [path]
  const inside = Object.entries(schema.properties ?? {}).flatMap(([name, member]) =>
    bareTexts(member, `${path} ${name}`),
  )
  return schema.items ? [...inside, ...bareTexts(schema.items, `${path}[]`)] : inside
}

const refusals = ['credentials-invalid', 'not-found', 'login']
for (const [generator, program, result] of [
  ['oazapfts', 'oazapfts.ts.txt', { users: 1, inForce: true }],
  ['openapi-typescript', 'openapiTypescript.ts.txt', { users: 1, refusals }],
] as const) {
  t.test(`a client of ${generator} compiles, and does what an admin does`, { timeout: 60_000 }, async t => {
    const service = await startWithAdmin(t)
    const document = (await service.call('/openapi.json')).body as object
    const args = [service.url, service.admin.email, password]
    const file = join(packageDir, 'test', 'openapi', program)
    const { errors, output } = await runGeneratedClient({ tools, document, generator, program: file, args })
    t.equal(errors, '', 'the compiler reports no error')
    t.strictSame(output, { ...result, me: service.admin.email })
  })
}
