/** E-mail addresses as keys of accounts: two spellings of an address are one account. */
import t from 'tap'
import { emailKey } from '../../src/store/accounts.ts'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { assertProblem, password } from '../helpers/service.ts'

t.test('emailKey: folds case, compatibility forms and internationalized domains', async t => {
  const same = ['x@münchen.de', 'X@MÜNCHEN.DE', 'x@mu\u0308nchen.de', 'x@xn--mnchen-3ya.de', 'x@XN--MNCHEN-3YA.de']
  const dots = ['x@münchen.de.', 'x@xn--mnchen-3ya.de.', 'x@münchen。de', 'x@münchen。de。']
  for (const email of [...same, ...dots]) t.equal(emailKey(email), 'x@münchen.de', email)
  t.equal(emailKey('x@example.org.'), 'x@example.org')
  t.equal(emailKey('x@ｅxample．org'), 'x@example.org', 'full-width characters')
  t.not(emailKey('ü@example.org'), emailKey('u@example.org'))
  t.not(emailKey('x@munchen.de'), emailKey('x@münchen.de'))
})

t.test('e-mail: an internationalized domain and its A-label form are one account, created and logged in', async t => {
  const service = await startWithAdmin(t)
  const [unicode, ascii] = ['x@münchen.de', 'x@xn--mnchen-3ya.de']
  const create = (email: string) => service.callAsAdmin('/admin/users', { body: { email, password } })
  for (const [first, second] of [
    [unicode, ascii],
    ['y@xn--mnchen-3ya.de', 'y@münchen.de'],
  ] as const) {
    const created = await create(first)
    t.equal(created.status, 201)
    assertProblem(t, await create(second), 'conflict')
    const user = created.body as { id: string }
    const { passwordHash } = await service.database.prisma.account.findUniqueOrThrow({
      where: { id: service.admin.id },
    })
    const data = { passwordHash, mustChangePassword: false, passwordExpiresAt: null }
    await service.database.prisma.account.update({ where: { id: user.id }, data })
    for (const email of [first, second, second.toUpperCase()]) {
      const response = await service.call('/session', { body: { email, password, transport: 'body' } })
      t.equal(response.status, 201, email)
      const { accessToken } = response.body as { accessToken: string }
      t.match((await service.call('/me', { token: accessToken })).body, { id: user.id })
    }
  }
})

t.test('e-mail search: finds accounts by a part of the domain in Unicode and in A-label form', async t => {
  const service = await startWithAdmin(t)
  const [unicode, ascii] = ['ada@münchen.de', 'bob@xn--mnchen-3ya.de']
  for (const email of [unicode, ascii])
    t.equal((await service.callAsAdmin('/admin/users', { body: { email, password } })).status, 201)
  for (const part of ['münchen.de', 'MÜNCH', '@münchen', 'xn--mnchen-3ya.de', '@XN--mnchen-3ya.de']) {
    const { body } = await service.callAsAdmin(`/admin/users?email=${encodeURIComponent(part)}`)
    const { users } = body as { users: { email: string }[] }
    const emails = users.map(({ email }) => email)
    t.same(emails, [unicode, ascii], part)
  }
})
