/** No value of the OpenAPI document leads to a 500; every refusal is a problem document. */
import { problemMediaType } from '@gatehouse/contract'
import fc from 'fast-check'
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { arbitraryFromSchema, type JsonSchema } from '../helpers/arbitraryFromSchema.ts'
import { basic, guardSecret, password } from '../helpers/service.ts'

interface Operation {
  parameters?: { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: JsonSchema }[]
  requestBody?: { content: Record<string, { schema: JsonSchema }> }
  security?: Record<string, unknown>[]
}
interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, JsonSchema> }
}
interface Input {
  path: Record<string, unknown>
  query: Record<string, unknown>
  header: Record<string, unknown>
  body: unknown
}

/** For all routes together. Each route stops after its part, whatever the speed of the machine. */
const budgetMs = 1000 * Number(process.env['FUZZ_SECONDS'] ?? 20)
/** After these the next request needs another session. */
const ended = ['session-ended', 'account-disabled', 'token-expired', 'token-invalid']
const concurrency = 4
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const credentials = ['Bearer x', 'Basic x', basic('x', 'y'), basic('guards', guardSecret), '']
const prefers = ['wait=0', 'respond-async', 'wait=0, wait=x', 'wait="0"; a=b', ',;=', 'wait=0;;']

const title = `fuzz: no input of any route leads to a 500, and every refusal is a problem document (SEED=${seed})`
t.test(title, { timeout: 180_000 }, async t => {
  const service = await startWithAdmin(t, {
    POLL_HOLD_MS: '50',
    ADMIN_CALLS: '100000',
    LOGIN_FAILURES: '100000',
    ADDRESS_FAILURES: '100000',
    CLIENT_FAILURES: '100000',
  })
  const document = (await service.call('/openapi.json')).body as Document
  let actor = await newActor()
  const ada = await service.createUser()
  const session = await service.login(ada)
  const known = [ada.id, session.sessionId, 'guards', ada.email, '1', password, session.refreshToken]
  const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
  )
  t.ok(routes.length >= 30, `${routes.length} routes`)

  const fuzz = async ({ path, method, operation }: (typeof routes)[number]) => {
    let runs = 0
    const ownOrOther = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, fc.constantFrom(...credentials))
    const inputs = [inputOf(operation), fc.constantFrom(...prefers), ownOrOther] as const
    const property = fc.asyncProperty(...inputs, async (input, prefer, other) => {
      runs += 1
      const response = await send({ path, method, operation, input, prefer, other })
      const answer = `${method} ${path} ${response.status} ${JSON.stringify(response.body)}`
      if (response.status >= 500 && response.status !== 503) throw new Error(answer)
      const isProblem = response.headers.get('content-type') === problemMediaType
      if (response.status >= 400 && !isProblem && !path.startsWith('/oauth')) throw new Error(`no problem: ${answer}`)
      const { code } = Object(response.body) as { code?: string }
      if (code !== undefined && ended.includes(code)) actor = await newActor()
    })
    const hasInput = operation.parameters !== undefined || operation.requestBody !== undefined
    const numRuns = hasInput ? Math.max(100, budgetMs / 100) : 2
    const limits = { numRuns, interruptAfterTimeLimit: (concurrency * budgetMs) / routes.length, seed }
    const result = await fc.check(property, { ...limits, markInterruptAsFailure: false })
    t.notOk(result.failed, `${method} ${path}, ${runs} inputs: ${result.failed ? fc.defaultReportMessage(result) : ''}`)
  }
  const queue = [...routes]
  const worker = async () => {
    for (let route = queue.shift(); route !== undefined; route = queue.shift()) await fuzz(route)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))

  async function newActor() {
    return service.login(await service.createUser({ roles: ['admin'] }))
  }

  function inputOf({ parameters = [], requestBody }: Operation): fc.Arbitrary<Input> {
    const context = { schemas: document.components.schemas, known }
    const group = (place: string) => {
      const own = parameters.filter(parameter => parameter.in === place)
      const record = Object.fromEntries(own.map(({ name, schema }) => [name, arbitraryFromSchema(schema, context)]))
      return fc.record(record, { requiredKeys: own.filter(({ required }) => required).map(({ name }) => name) })
    }
    const [content] = Object.values(requestBody?.content ?? {})
    const body = content === undefined ? fc.constant(undefined) : arbitraryFromSchema(content.schema, context)
    return fc.record({ path: group('path'), query: group('query'), header: group('header'), body })
  }

  function send(request: (typeof routes)[number] & { input: Input; prefer: string; other: string | undefined }) {
    const { path, method, operation, input, prefer, other } = request
    const isForm = 'application/x-www-form-urlencoded' in (operation.requestBody?.content ?? {})
    const url = path.replace(/\{(\w+)\}/g, (_match, name: string) => encodeURIComponent(textOf(input.path[name])))
    const query = formOf(input.query)
    const names = Object.keys(input.header).filter(name => /^[\w-]+$/.test(name))
    const headers = Object.fromEntries(names.map(name => [name, headerOf(input.header[name])]))
    const needsClient = JSON.stringify(operation.security ?? []).includes('client') || isForm
    const authorization = other ?? (needsClient ? basic('guards', guardSecret) : `Bearer ${actor.accessToken}`)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    return service.call(`${url}?${query}`, {
      method: method.toUpperCase(),
      headers: { ...headers, prefer, authorization, ...(isForm ? form : {}) },
      ...(input.body === undefined ? {} : { body: isForm ? formOf(input.body) : jsonOf(input.body) }),
    })
  }
})

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  // A URL cannot contain a lone surrogate.
  return Buffer.from(text ?? '').toString()
}

/** What an HTTP client can send as a field value. */
function headerOf(value: unknown): string {
  return textOf(value).replace(/[^\x20-\x7e]/g, '?')
}

function formOf(value: unknown): string {
  const form = new URLSearchParams()
  for (const [name, member] of Object.entries(Object(value))) form.append(textOf(name), textOf(member))
  return form.toString()
}

function jsonOf(value: unknown): unknown {
  return typeof value === 'string' ? JSON.stringify(value) : value
}
