/** Client addresses are stored as `inet`: what is no address is stored as null and breaks nothing later. */
import { randomUUID } from 'node:crypto'
import type { BulkPreview } from '@gatehouse/contract'
import t from 'tap'
import { toInet } from '../../src/store/inet.ts'
import { startSession } from '../../src/store/startSession.ts'
import { writeAudit } from '../../src/store/writeAudit.ts'
import { startWithAdmin } from '../helpers/adminClient.ts'

t.test('toInet: returns addresses that PostgreSQL accepts, and null for everything else', async t => {
  const table: Record<string, string | null> = {
    '203.0.113.7': '203.0.113.7',
    '::ffff:203.0.113.7': '203.0.113.7',
    '2001:db8::1': '2001:db8::1',
    'fe80::1%eth0': 'fe80::1',
    '203.0.113.7:4711': null,
    '[2001:db8::1]:4711': null,
    '203.0.113.0/24': null,
    '::ffff:999.0.0.1': null,
    'unknown, 1.2.3.4': null,
    '': null,
  }
  for (const [input, expected] of Object.entries(table)) t.equal(toInet(input), expected, input)
  t.equal(toInet(null), null)
})

t.test('address: without a valid one, a session and an audit entry store null, and networks still match', async t => {
  const service = await startWithAdmin(t)
  const { id: accountId } = await service.createUser()
  const { prisma, rawSql } = service.database
  const { passwordHash } = await prisma.account.findUniqueOrThrow({ where: { id: accountId } })
  const start = (address: string) =>
    startSession(rawSql, {
      sessionId: randomUUID(),
      accountId,
      passwordHash,
      clientId: 'first-party',
      device: null,
      userAgent: null,
      address,
      requestId: 'r',
      remember: true,
      lifetimeSeconds: 60,
      idleSeconds: 60,
      secretHash: Buffer.alloc(32),
      quotas: [],
    })
  for (const address of ['203.0.113.7:4711', 'garbage', '::ffff:198.51.100.9'])
    t.match(await start(address), { kind: 'started' }, address)
  const stored = await prisma.session.findMany({ where: { accountId }, select: { address: true } })
  t.same(stored.map(({ address }) => address).sort(), ['198.51.100.9', null, null].sort())
  await writeAudit(prisma, { actor: null, address: '[2001:db8::1]:99' }, { action: 'admin.call', target: null })

  const preview = async (network: string) => {
    const body = { criteria: { network }, dryRun: true }
    return (await service.callAsAdmin('/admin/sessions/end', { body })).body as BulkPreview
  }
  t.match(await preview('198.51.100.0/24'), { sessions: 1 })
  t.match(await preview('203.0.113.0/24'), { sessions: 0 })
  const audit = async (address: string) => (await service.callAsAdmin(`/admin/audit?address=${address}`)).body
  t.match(await audit('198.51.100.9'), { entries: [{ action: 'session.start', address: '198.51.100.9' }] })
  t.match(await audit('garbage'), { code: 'request-malformed', fields: [{ field: 'query/address' }] })
})
