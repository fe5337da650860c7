/** After a restore from a backup, `after-restore` ends what the backup does not know. */
import t from 'tap'
import { afterRestore } from '../../src/cli/afterRestore.ts'
import { startWithAdmin } from '../helpers/adminClient.ts'
import { testGuard } from '../helpers/feedGuard.ts'
import { assertProblem, renew } from '../helpers/service.ts'

t.test('after-restore: refuses all earlier tokens and sessions, and guards start again', async t => {
  const service = await startWithAdmin(t)
  const ada = await service.createUser()
  const before = await service.login(ada)
  const guard = testGuard(service)
  const { feedId } = await guard.pollAccepted()
  await t.rejects(afterRestore(service.database, {}, {}), { message: /--confirm/ })
  t.equal((await service.call('/me', { token: before.accessToken })).status, 200, 'nothing without the confirmation')

  const result = await afterRestore(service.database, { confirm: 'end every session' }, service.environment)
  t.match(result, { seq: 1, sessionsEnded: 2 })
  t.not(result['feedId'], feedId)
  assertProblem(t, await service.call('/me', { token: before.accessToken }), 'session-ended')
  const renewal = await renew(service, before.refreshToken)
  assertProblem(t, renewal, 'session-ended')
  t.match(await service.lastAudit('database.after-restore'), { actor: 'command line', seq: 1 })

  assertProblem(t, await guard.poll({ feedId, after: 0 }), 'feed-changed')
  const page = await testGuard(service).pollAccepted()
  t.match(page, { feedId: result['feedId'], entries: [{ kind: 'global', effect: 'ended' }] })
  const [{ epoch } = { epoch: 0 }] = await service.database.prisma.$queryRaw<{ epoch: number }[]>`
    SELECT epoch FROM accounts WHERE id = ${ada.id}::uuid`
  t.ok(epoch > 0, 'the account refuses tokens of a lost epoch')
  t.equal((await service.call('/me', { token: (await service.login(ada)).accessToken })).status, 200)
})

t.test('after-restore: raises the epochs in statements of bounded size', async t => {
  const { database, environment } = await startWithAdmin(t)
  const { pool } = database
  await pool.query(`
    INSERT INTO accounts (email, email_key, password_hash) SELECT n, n, 'none' FROM generate_series(1, 5001) AS n;
    CREATE FUNCTION refuse_large() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT count(*) FROM changed) > 5000 THEN RAISE 'too many rows'; END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER refuse_large AFTER UPDATE ON accounts REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_large()`)
  await afterRestore(database, { confirm: 'end every session' }, environment)
  const { rowCount } = await pool.query('SELECT FROM accounts WHERE epoch = 0')
  t.equal(rowCount, 0, 'every account has a new epoch')
})

t.test('after-restore: announces and withdraws the keys again, which a restored feed lacks', async t => {
  const service = await startWithAdmin(t, { KEY_ENCRYPTION_KEYS: `1:${'ab'.repeat(32)}` })
  const announce = async () => {
    const { body } = await service.callAsAdmin('/admin/keys', { method: 'POST', body: {} })
    return (body as { key: { kid: string } }).key.kid
  }
  const [kept, withdrawn] = [await announce(), await announce()]
  t.equal((await service.callAsAdmin(`/admin/keys/${withdrawn}/withdraw`, { body: {} })).status, 200)
  await service.query('DELETE FROM revocations')

  await afterRestore(service.database, { confirm: 'end every session' }, service.environment)
  const { entries } = await testGuard(service).pollAccepted()
  t.match(
    entries.map(({ kind, effect, ...entry }) => ({ kind, effect, kid: 'key' in entry ? entry.key?.kid : undefined })),
    [
      { kind: 'key', effect: 'announced', kid: kept },
      { kind: 'key', effect: 'withdrawn', kid: withdrawn },
      { kind: 'global', effect: 'ended' },
    ],
  )
})
