/** Every parameter of every OAuth endpoint, repeated, missing and over-long; and subject tokens whose session has ended. */
import t, { type Test } from 'tap'
import { clientSecret, createClient, isOAuthError as isError, postForm } from '../helpers/oauthForms.ts'
import { startRevocationService } from '../helpers/revocationMethods.ts'
import { basic, startService, type TestService } from '../helpers/service.ts'

const uri = 'urn:ietf:params:oauth'
const [exchange, device] = [`${uri}:grant-type:token-exchange`, `${uri}:grant-type:device_code`]
const accessToken = `${uri}:token-type:access_token`

interface Document {
  paths: Record<string, { post?: { requestBody?: { content: Record<string, { schema: { properties: object } }> } } }>
}

/** By endpoint and grant: a request whose parameters are all valid but the token. */
const requests: [path: string, client: string | undefined, form: Record<string, string>][] = [
  ['/oauth/token', undefined, { grant_type: 'refresh_token', refresh_token: 'ghr_x' }],
  ['/oauth/token', 'robot', { grant_type: 'client_credentials' }],
  ['/oauth/token', 'robot', { grant_type: exchange, subject_token: 'x', subject_token_type: accessToken }],
  ['/oauth/token', undefined, { grant_type: device, device_code: 'gha_x', client_id: 'television' }],
  ['/oauth/device_authorization', undefined, { client_id: 'television' }],
  ['/oauth/introspect', 'robot', { token: 'x' }],
  ['/oauth/revoke', 'robot', { token: 'x' }],
]

/** What a refused request must leave as it is. */
async function contents({ database }: Pick<TestService, 'database'>): Promise<object> {
  const { rows } = await database.pool.query(
    `SELECT (SELECT count(*)::int FROM sessions) AS sessions, (SELECT sum(generation)::int FROM refresh_tokens) AS renewals,
            (SELECT count(*)::int FROM device_authorizations) AS devices, (SELECT count(*)::int FROM creations) AS assertions,
            (SELECT count(*)::int FROM audit_entries) AS audit, (SELECT count(*)::int FROM revocations) AS revocations`,
  )
  return rows[0]
}

async function start(t: Test) {
  const limits = { CLIENT_FAILURES: '10000', RENEW_FAILURES: '10000' }
  const service = await startService(t, { ...limits, PUBLIC_CLIENTS: 'television' })
  await createClient(service, 'robot', ['introspect', 'exchange', 'users:read'])
  await service.login(await service.createUser())
  const { paths } = (await service.call('/openapi.json')).body as Document
  const parametersOf = (path: string) => {
    const [content] = Object.values(paths[path]?.post?.requestBody?.content ?? {})
    return Object.keys(content?.schema.properties ?? {})
  }
  const send = (path: string, body: string, client?: string) => {
    const authorization = client === undefined ? {} : { authorization: basic(client, clientSecret) }
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...authorization }
    return service.call(path, { method: 'POST', body, headers })
  }
  return { service, parametersOf, send }
}

/** @conforms RFC 6749 section 3.2: a parameter without a value counts as missing, a repeated one is refused, unknown ones are ignored. */
/** @conforms RFC 8707 section 2: several resources in one request are refused with `invalid_target`, because a token has one audience. */
t.test('parameters: each one repeated or missing is refused and named, and nothing is written', async t => {
  const { service, parametersOf, send } = await start(t)
  const before = await contents(service)
  for (const [path, client, form] of requests) {
    const names = parametersOf(path)
    t.ok(names.length >= 3, path)
    for (const name of names) {
      const twice = await send(path, `${new URLSearchParams({ ...form, [name]: form[name] ?? 'x' })}&${name}=y`, client)
      // Several resources are valid requests (RFC 8707 section 2), which this service does not grant.
      const error = ['resource', 'audience'].includes(name) ? 'invalid_target' : 'invalid_request'
      isError(t, twice, error, `${path} ${form['grant_type']}: ${name} twice`)
      t.match(twice.body, { error_description: `The parameter ${name} is repeated.` })
    }
    for (const name of Object.keys(form).filter(name => name !== 'client_id')) {
      const { [name]: _left, ...rest } = form
      for (const body of [new URLSearchParams(rest).toString(), `${new URLSearchParams(rest)}&${name}=`]) {
        const refused = await send(path, body, client)
        isError(t, refused, 'invalid_request', `${path}: no ${name}`)
        t.match(refused.body, { error_description: `The parameter ${name} is missing.` })
      }
    }
  }
  t.strictSame(await contents(service), before)
})

/** @conforms RFC 7662 section 2.2: an over-long token is inactive, not malformed. */
t.test('parameters: each over-long one has its error, and nothing is written', async t => {
  const { service, parametersOf, send } = await start(t)
  const before = await contents(service)
  /** A token of any length is an invalid token, not a malformed parameter. */
  const tokens: Record<string, string | undefined> = { refresh_token: 'invalid_grant', token: undefined }
  for (const [path, client, form] of requests) {
    for (const name of parametersOf(path)) {
      const isToken = name.endsWith('token')
      if (isToken && form[name] === undefined) continue
      const body = new URLSearchParams({ ...form, [name]: 'x'.repeat(isToken ? 9000 : 5000) }).toString()
      const response = await send(path, body, client)
      const error = name in tokens ? tokens[name] : 'invalid_request'
      const inactive = path === '/oauth/introspect' ? { active: false } : {}
      if (error === undefined) t.match(response, { status: 200, body: inactive }, `${path} ${name}`)
      else isError(t, response, error, `${path} ${form['grant_type']}: ${name}`)
    }
    const tooLarge = await send(path, new URLSearchParams({ ...form, more: 'x'.repeat(100_000) }).toString(), client)
    isError(t, tooLarge, 'invalid_request', `${path}: a body of 100 kB`)
  }
  t.strictSame(await contents(service), before)
})

t.test('parameters: an array, an object and a number of other syntaxes are no value of a parameter', async t => {
  const { service, send } = await start(t)
  const before = await contents(service)
  const refresh = 'grant_type=refresh_token'
  for (const body of [`${refresh}&refresh_token[]=x`, `${refresh}&refresh_token[a]=x`, `{"${refresh}":1}`, '[]', ''])
    isError(t, await send('/oauth/token', body), 'invalid_request', body)
  for (const [name, value] of Object.entries({ scope: '7', resource: '7', client_id: '7' })) {
    const form = { grant_type: 'refresh_token', refresh_token: 'ghr_x', [name]: value }
    const response = await postForm(service, '/oauth/token', form)
    isError(t, response, name === 'resource' ? 'invalid_target' : 'invalid_grant', name)
  }
  const names = '__proto__=x&constructor=y&toString=z'
  isError(t, await send('/oauth/token', `${names}&grant_type=toString`), 'unsupported_grant_type', names)
  t.strictSame(await contents(service), before)
})

/** @conforms RFC 8693 section 2.1: the token of a session that has ended is exchanged for nothing. */
t.test('exchange: a subject token whose session has ended is invalid_grant, however it ended', async t => {
  const service = await startRevocationService(t)
  await createClient(service, 'portal', ['exchange', 'storage:read'])
  const requested_token_type = `${uri}:token-type:refresh_token`
  const exchangeOf = (subject_token: string) =>
    postForm(
      service,
      '/oauth/token',
      { grant_type: exchange, subject_token, subject_token_type: accessToken, requested_token_type },
      'portal',
    )
  const endings = {
    ...service.methods,
    'its lifetime passing': async ({ sessionId }: { sessionId: string }) => {
      await service.ageSession(sessionId, 3650 * 24 * 3600)
      return undefined
    },
  }
  for (const [how, end] of Object.entries(endings)) {
    const victim = await service.createVictim()
    await end(victim)
    const before = await contents(service)
    isError(t, await exchangeOf(victim.accessToken), 'invalid_grant', how)
    t.strictSame(await contents(service), before, `${how}: nothing is written`)
  }
})
