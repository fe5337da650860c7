/** Client info of hostile requests: an over-long address or user agent is dropped or cut. */
import t from 'tap'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { password } from '../helpers/service.ts'

const long = 'x'.repeat(3000)

t.test('client info: a forwarded address that is over-long or no address is replaced by the peer address', async t => {
  const service = await startWithAdmin(t, { TRUST_PROXY: 'loopback' })
  const { email } = await service.createUser()
  const table: Record<string, string> = {
    '203.0.113.7:4711': '203.0.113.7',
    '[2001:db8::7]:4711': '2001:db8::7',
    [long]: '127.0.0.1',
    [`203.0.113.8${' '.repeat(10)}${long}`]: '127.0.0.1',
    [`2001:db8::8%${long}`]: '127.0.0.1',
    [`203.0.113.9:${'1'.repeat(3000)}`]: '127.0.0.1',
    garbage: '127.0.0.1',
  }
  for (const [forwarded, address] of Object.entries(table)) {
    const headers = { 'x-forwarded-for': forwarded, 'user-agent': `Agent/1 ${long}` }
    const body = { email, password, transport: 'body' }
    const response = await service.call('/session', { body, headers })
    t.equal(response.status, 201, forwarded.slice(0, 40))
    const { sessionId } = response.body as { sessionId: string }
    const stored = await service.database.prisma.session.findUniqueOrThrow({ where: { id: sessionId } })
    t.equal(stored.address, address, forwarded.slice(0, 40))
    t.equal(stored.userAgent?.length, 300)
    t.equal((await service.lastAudit('session.start'))['address'], address)
  }
  const body = { criteria: { network: '203.0.113.0/24' }, dryRun: true }
  t.match(await service.callAsAdmin('/admin/sessions/end', { body }), { status: 200, body: { sessions: 1 } })
})
