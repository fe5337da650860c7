/** The generated table agrees with the contract, and each row leads to the behaviour that its action demands. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { isProblem, type ProblemCode, problems } from '../src/index.ts'
import { reauthenticate } from '../src/reauthenticate.ts'
import { problemResponse } from '../src/testing.ts'
import { ada, count, renewCall, signedIn } from './helpers/tab.ts'

const root = new URL('../../', import.meta.url)
const api = 'https://api.test/'

t.test('src/problems.ts is what the generator writes', async t => {
  const { generateProblems } = await import(new URL('scripts/generateProblems.mjs', root).href)
  t.equal(readFileSync(fileURLToPath(new URL('src/problems.ts', root)), 'utf8'), generateProblems())
})

/** A mistyped password is reported with `login`, and says nothing about the session. */
const keepsSession = (code: ProblemCode) => /^(credentials|password)/.test(code)

t.test('every problem of the table has the consequence of its action', async t => {
  for (const code of Object.keys(problems) as ProblemCode[]) {
    const { auth, first } = await signedIn(t)
    let isFirst = true
    auth.intercept = ({ url }) => {
      if (!url.includes('api.test') || !isFirst) return undefined
      isFirst = false
      return problemResponse(code)
    }
    const { action } = problems[code]
    const result = first.fetch(api).then(
      ({ status }) => status,
      error => (isProblem(error, code) ? 'refused' : error),
    )
    await auth.clock.advance(10_000)
    const isRepeated = action === 'renew' || action === 'retry'
    t.equal(await result, isRepeated ? 200 : 'refused', code)
    t.equal(count(auth, renewCall), action === 'renew' ? 1 : 0, code)
    const isOver = (action === 'login' && !keepsSession(code)) || code === 'account-disabled'
    t.same(first.getState().status, isOver ? 'signed-out' : 'signed-in', code)
  }
})

t.test('only problems that are decided before a handler runs repeat a request that is not idempotent', async t => {
  for (const code of Object.keys(problems) as ProblemCode[]) {
    const { auth, first } = await signedIn(t)
    const bodies: string[] = []
    auth.intercept = async request => {
      if (!request.url.includes('api.test')) return undefined
      bodies.push(await request.clone().text())
      return bodies.length === 1 ? problemResponse(code) : undefined
    }
    const result = first.fetch(api, { method: 'POST', body: 'order' }).catch(error => error)
    await auth.clock.advance(10_000)
    const isRepeated = problems[code].action === 'renew' || code === 'revocation-unknown'
    t.equal((await result).status, isRepeated ? 200 : undefined, code)
    t.same(bodies, isRepeated ? ['order', 'order'] : ['order'], code)
  }
})

t.test('a key of the caller makes any retry safe', async t => {
  const { auth, first } = await signedIn(t)
  let calls = 0
  auth.intercept = ({ url }) => (url.includes('api.test') && calls++ === 0 ? problemResponse('overloaded') : undefined)
  const result = first.fetch(api, { method: 'POST', body: 'order', headers: { 'idempotency-key': 'order-17-once' } })
  await auth.clock.advance(10_000)
  t.equal((await result).status, 200)
})

t.test('a stream cannot be sent twice: the error is typed, and the token is renewed for the next try', async t => {
  const { auth, first } = await signedIn(t)
  let calls = 0
  auth.intercept = ({ url }) =>
    url.includes('api.test') && calls++ === 0 ? problemResponse('token-expired') : undefined
  const stream = () => new Blob(['parts']).stream()
  const send = () => first.fetch(api, { method: 'POST', body: stream(), duplex: 'half' } as RequestInit)
  await t.rejects(send(), { code: 'body-not-repeatable', cause: { code: 'token-expired' } })
  t.equal((await send()).status, 200)
})

t.test('tokens go to named origins only, cookies to the auth service only', async t => {
  const { auth, first, tab } = await signedIn(t, 'cookie')
  const seen: [string, string | null, string][] = []
  auth.intercept = ({ url, headers, credentials }) => {
    seen.push([new URL(url).host, headers.get('authorization')?.slice(0, 6) ?? null, credentials])
    return url.includes('other') ? new Response('fine') : undefined
  }
  await first.fetch('https://other.test/', { credentials: 'include' })
  await first.fetch(api, { credentials: 'include' })
  await first.fetch(`${auth.url}/me`)
  tab().close()
  t.same(seen.slice(0, 2), [
    ['other.test', null, 'omit'],
    ['api.test', 'Bearer', 'omit'],
  ])
  t.match(seen[2], [new URL(auth.url).host, 'Bearer', 'same-origin'])
})

t.test('sign-in reports why it was refused, and a disabled account signs out everywhere', async t => {
  const { auth, first, open } = await signedIn(t)
  const second = open()
  await second.token()
  await t.rejects(first.signIn({ ...ada, password: 'wrong' }), { code: 'credentials-invalid' })
  t.equal(first.getState().status, 'signed-in')
  for (const { account } of auth.sessions.values()) account.isDisabled = true
  await t.rejects(first.fetch(api), { code: 'account-disabled' })
  await auth.clock.advance(1)
  for (const tab of [first, second]) t.match(tab.getState(), { status: 'signed-out', why: 'account-disabled' })
  await t.rejects(first.signIn(ada), { code: 'account-disabled' })
  delete auth.sessions.values().next().value?.account.isDisabled
})

t.test(
  'reauthenticate: a wrong password signs out nowhere, and the confirmed token reaches tabs and store',
  async t => {
    for (const transport of ['body', 'cookie'] as const) {
      const { auth, first, open } = await signedIn(t, transport)
      const second = open()
      const before = await second.token()
      const renewals = count(auth, renewCall)
      await t.rejects(reauthenticate(first, 'wrong'), { code: 'password-wrong' })
      t.equal(await first.token(), before)
      await reauthenticate(first, ada.password)
      await auth.clock.advance(1)
      const after = await first.token()
      t.not(after, before)
      t.equal(await second.token(), after, 'the other tab has the token')
      t.equal(count(auth, renewCall), renewals, 'without a renewal')
      if (transport === 'body') t.equal(await open().token(), after, 'a tab that opens later reads it from the store')
      t.same(first.getState().status, 'signed-in')
    }
  },
)
