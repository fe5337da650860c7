/** The audit log: what it records, its pages, its export, and that it cannot be changed. */
import type { AuditView } from '@gatehouse/contract'
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { assertProblem, password, renew } from '../helpers/service.ts'

interface Page {
  entries: AuditView[]
  nextCursor: string | null
}

t.test('audit: records failed log-ins, reached limits and reuse, with evidence and without secrets', async t => {
  const service = await startWithAdmin(t, { LOGIN_FAILURES: '3', RETRY_WINDOW_MS: '0' })
  const ada = await service.createUser()
  const session = await service.login(ada)
  const wrong = 'this is the wrong password'
  for (let tries = 0; tries < 5; tries += 1)
    await service.call('/session', { body: { email: ada.email, password: wrong } })
  const entries = async (query: string) => ((await service.callAsAdmin(`/admin/audit?${query}`)).body as Page).entries
  const failed = await entries(`action=session.start&outcome=credentials-invalid&target=${ada.id}`)
  t.equal(failed.length, 3)
  const byEmail = (email: string) => entries(`action=session.start&outcome=credentials-invalid&target=${email}`)
  t.same(await byEmail(encodeURIComponent(ada.email.toUpperCase())), failed, 'an e-mail address is an account')
  t.same(await byEmail('unknown%40example.org'), [])
  t.match(failed[0], { actor: null, target: ada.id, address: '127.0.0.1', requestId: String })
  const throttled = await entries(`action=session.start&outcome=rate-limited&target=${ada.id}`)
  t.equal(throttled.length, 1, 'a throttle is written down once')

  const { refreshToken } = session
  const next = (await renew(service, refreshToken)).body as { refreshToken: string }
  await renew(service, next.refreshToken)
  assertProblem(t, await renew(service, refreshToken), 'refresh-reused')
  const [reuse] = await entries('action=session.reuse-detected')
  t.match(reuse, {
    target: session.sessionId,
    seq: Number,
    detail: { presentedGeneration: 0, currentGeneration: 2, sessionAddress: '127.0.0.1' },
  })
  const everything = JSON.stringify(await entries('limit=100'))
  for (const secret of [wrong, password, refreshToken, next.refreshToken, session.accessToken]) {
    t.notMatch(everything, secret)
  }
})

t.test('audit list: pages neither repeat nor skip entries while entries are added', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  for (let times = 0; times < 5; times += 1) await service.login(ada)
  const ids: number[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { body } = await service.callAsAdmin(`/admin/audit?actor=${ada.id}&limit=2${more}`)
    await service.login(ada)
    const page = body as Page
    ids.push(...page.entries.map(({ id }) => id))
    cursor = page.nextCursor
  }
  t.equal(ids.length, 5)
  t.strictSame(
    ids,
    [...new Set(ids)].sort((left, right) => right - left),
  )
  for (const query of ['from=yesterday', 'cursor=e30', 'limit=0', 'who=me']) {
    assertProblem(t, await service.callAsAdmin(`/admin/audit?${query}`), 'request-malformed')
  }
  t.strictSame(((await service.callAsAdmin('/admin/audit?until=2020-01-01T00:00:00Z')).body as Page).entries, [])
})

t.test('audit export: streams every entry and records the export', async t => {
  const service = await startWithAdmin(t)
  await service.database.prisma.$executeRaw`
    INSERT INTO audit_entries (action, outcome, detail) SELECT 'test.entry', 'done', jsonb_build_object('n', n) FROM generate_series(1, 2500) AS n`
  const response = await service.callAsAdmin('/admin/audit/export?action=test.entry')
  t.match(response.headers.get('content-type'), 'application/x-ndjson')
  const lines = String(response.body).trimEnd().split('\n')
  const entries = lines.map(line => JSON.parse(line) as { detail: { n: number } })
  t.strictSame(
    entries.map(({ detail }) => detail.n),
    Array.from({ length: 2500 }, (_, service) => service + 1),
  )
  t.match(await service.lastAudit('audit.export'), { actor: service.admin.id, detail: { action: 'test.entry' } })
})
