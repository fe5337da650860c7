/** Epochs follow PostgreSQL's clock in every statement that raises one (docs/decisions/0003). */
import t from 'tap'
import { raiseGlobalEpoch } from '../../src/store/appendRevocations.ts'
import * as changes from '../../src/store/updateAccount.ts'
import { startService } from '../helpers/service.ts'

/** Zero of the epochs, in seconds since 1970: `next_epoch` in the migration. */
const zero = 1_700_000_000

t.test('epoch: every change that raises it takes the seconds of the clock, also after a restore', async t => {
  const { database, createUser } = await startService(t)
  const { prisma: db } = database
  const rights = { roles: [], scopes: [], removesRights: true }
  const raise: Record<string, (id: string) => Promise<changes.ChangedAccount | undefined>> = {
    disable: id => changes.disableAccount(db, id),
    enable: id => changes.enableAccount(db, id),
    'raise the epoch': id => changes.raiseEpoch(db, id),
    'remove rights': id => changes.setRights(db, { id, ...rights }),
    'set a password': id =>
      changes.setPassword(db, { id, passwordHash: 'x', mustChange: false, expiresInSeconds: null }),
    'require a password change': id => changes.requirePasswordChange(db, id),
    delete: id => changes.deleteAccount(db, id),
  }
  const earliest = Math.floor(Date.now() / 1000) - zero - 60
  for (const [name, change] of Object.entries(raise)) {
    const { id } = await createUser()
    const changed = await change(id)
    t.ok((changed?.epoch ?? 0) > earliest, `${name}: ${changed?.epoch}`)
  }
  t.ok((await raiseGlobalEpoch(db)) > earliest, 'global epoch')
})

t.test('epoch: a change that removes no right keeps it', async t => {
  const { database, createUser } = await startService(t)
  const { id } = await createUser()
  const rights = { roles: ['user'], scopes: [], removesRights: false }
  t.match(await changes.setRights(database.prisma, { id, ...rights }), { epoch: 0 })
})
