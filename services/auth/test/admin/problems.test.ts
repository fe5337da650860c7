/** Every admin route refuses whoever may not: the OpenAPI document is walked, so no route is forgotten. */
import { problems } from '@gatehouse/contract'
import t from 'tap'
import { adminScopes } from '../../src/admin/permissions.ts'
import { machine, tokenOf } from '../helpers/oauthForms.ts'
import { isRefusal, type Session, stage } from '../helpers/service.ts'

interface Operation {
  security?: { bearer?: string[] }[]
  'x-roles'?: string[]
  responses: Record<string, unknown>
}

t.test('each admin route', async t => {
  const on = await stage(t)
  const { call, person, login, database } = on
  await machine(on, 'robot', adminScopes)
  await machine(on, 'deleted', adminScopes)
  const ofDeleted = await tokenOf(on, 'deleted')
  await database.prisma.$executeRaw`DELETE FROM service_clients WHERE id = 'deleted'`
  const everybody = {
    ordinary: await login(await person()),
    auditor: await login(await person({ roles: ['auditor'] })),
  }
  const disabled = await person({ roles: ['admin'] })
  const ofDisabled = await login(disabled)
  const revoked = await login(await person({ roles: ['admin'] }))
  await database.prisma.$executeRaw`UPDATE accounts SET disabled_at = now() WHERE id = ${disabled.id}::uuid`
  await database.prisma
    .$executeRaw`UPDATE sessions SET ended_at = now(), ended_as = 'revoked' WHERE id = ${revoked.sessionId}::uuid`

  const document = (await call('/openapi.json')).body as { paths: Record<string, Record<string, Operation>> }
  const routes = Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/admin/'))
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
    )
  t.ok(routes.length >= 20, 'the document knows the admin routes')

  for (const { path, method, operation } of routes) {
    const target = path.replace('{id}', '00000000-0000-4000-8000-000000000000').replace('{seq}', '1')
    const ask = (session?: Session) =>
      call(target, { method: method.toUpperCase(), ...(session ? { token: session.accessToken } : {}) })
    t.test(`${method.toUpperCase()} ${path}`, async t => {
      isRefusal(t, await ask(), 'token-missing')
      isRefusal(t, await ask({ ...everybody.ordinary, accessToken: 'garbage' }), 'token-invalid')
      isRefusal(t, await ask(everybody.ordinary), 'insufficient-scope')
      isRefusal(t, await ask(ofDisabled), 'account-disabled')
      isRefusal(t, await ask(revoked), 'session-ended')
      const isRead = method === 'get'
      const forAuditor = await ask(everybody.auditor)
      if (isRead) t.not(forAuditor.status, problems['insufficient-scope'].status, 'an auditor may read')
      else isRefusal(t, forAuditor, 'insufficient-scope')

      t.strictSame(operation['x-roles'], isRead ? ['admin', 'auditor'] : ['admin'], 'the document says which roles')
      const scopes = operation.security?.[0]?.bearer ?? []
      const other = await login(await person({ scopes: ['storage:read', ...allBut(scopes)] }))
      isRefusal(t, await ask(other), 'insufficient-scope')
      const weakRobot = { ...other, accessToken: await tokenOf(on, 'robot', allBut(scopes).join(' ')) }
      isRefusal(t, await ask(weakRobot), 'insufficient-scope')
      isRefusal(t, await ask({ ...other, accessToken: ofDeleted }), 'session-ended')
      const [scope] = scopes
      if (scope === undefined) return
      const holder = await login(await person({ scopes: [scope] }))
      t.not((await ask(holder)).status, problems['insufficient-scope'].status, `${scope} is enough`)
      const robot = { ...holder, accessToken: await tokenOf(on, 'robot', scope) }
      t.not((await ask(robot)).status, problems['insufficient-scope'].status, `${scope} is enough for a machine`)
    })
  }
})

function allBut(scopes: readonly string[]): string[] {
  return adminScopes.filter(scope => !scopes.includes(scope))
}

t.test('a path that is no admin route is not found, for an admin, and says nothing to others', async t => {
  const { call, person, login } = await stage(t)
  const admin = await login(await person({ roles: ['admin'] }))
  isRefusal(t, await call('/admin/nothing', { token: admin.accessToken }), 'not-found')
})
