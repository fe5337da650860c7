/** Every admin route of the OpenAPI document enforces its permission. */
import { problems } from '@gatehouse/contract'
import t from 'tap'
import { adminScopes } from '../../src/admin/permissions.ts'
import { clientToken, createClient } from '../helpers/oauthForms.ts'
import { assertProblem, startService, type TestSession } from '../helpers/service.ts'

interface Operation {
  security?: { bearer?: string[] }[]
  'x-roles'?: string[]
  responses: Record<string, unknown>
}

t.test('admin routes: each one refuses callers without its permission', async t => {
  const service = await startService(t)
  const { call, createUser, login, database } = service
  await createClient(service, 'robot', adminScopes)
  await createClient(service, 'deleted', adminScopes)
  const ofDeleted = await clientToken(service, 'deleted')
  await database.prisma.$executeRaw`DELETE FROM service_clients WHERE id = 'deleted'`
  const callers = {
    ordinary: await login(await createUser()),
    auditor: await login(await createUser({ roles: ['auditor'] })),
  }
  const disabled = await createUser({ roles: ['admin'] })
  const ofDisabled = await login(disabled)
  const revoked = await login(await createUser({ roles: ['admin'] }))
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
    const ask = (session?: TestSession) =>
      call(target, { method: method.toUpperCase(), ...(session ? { token: session.accessToken } : {}) })
    t.test(`${method.toUpperCase()} ${path}`, async t => {
      assertProblem(t, await ask(), 'token-missing')
      assertProblem(t, await ask({ ...callers.ordinary, accessToken: 'garbage' }), 'token-invalid')
      assertProblem(t, await ask(callers.ordinary), 'insufficient-scope')
      assertProblem(t, await ask(ofDisabled), 'account-disabled')
      assertProblem(t, await ask(revoked), 'session-ended')
      const isRead = method === 'get'
      const forAuditor = await ask(callers.auditor)
      if (isRead) t.not(forAuditor.status, problems['insufficient-scope'].status, 'an auditor may read')
      else assertProblem(t, forAuditor, 'insufficient-scope')

      t.strictSame(operation['x-roles'], isRead ? ['admin', 'auditor'] : ['admin'], 'the document says which roles')
      const scopes = operation.security?.[0]?.bearer ?? []
      const other = await login(await createUser({ scopes: ['storage:read', ...allBut(scopes)] }))
      assertProblem(t, await ask(other), 'insufficient-scope')
      const weakRobot = { ...other, accessToken: await clientToken(service, 'robot', allBut(scopes).join(' ')) }
      assertProblem(t, await ask(weakRobot), 'insufficient-scope')
      assertProblem(t, await ask({ ...other, accessToken: ofDeleted }), 'session-ended')
      const [scope] = scopes
      if (scope === undefined) return
      const holder = await login(await createUser({ scopes: [scope] }))
      t.not((await ask(holder)).status, problems['insufficient-scope'].status, `${scope} is enough`)
      const robot = { ...holder, accessToken: await clientToken(service, 'robot', scope) }
      t.not((await ask(robot)).status, problems['insufficient-scope'].status, `${scope} is enough for a machine`)
    })
  }
})

function allBut(scopes: readonly string[]): string[] {
  return adminScopes.filter(scope => !scopes.includes(scope))
}

t.test('admin routes: an unknown path is 404 for an admin and the usual refusal for others', async t => {
  const { call, createUser, login } = await startService(t)
  const admin = await login(await createUser({ roles: ['admin'] }))
  assertProblem(t, await call('/admin/nothing', { token: admin.accessToken }), 'not-found')
})
