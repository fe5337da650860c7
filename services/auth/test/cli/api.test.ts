/** The limits of calls of the command line. */
import t from 'tap'
import { createApi } from '../../src/cli/api.ts'

t.test('api: a call has a limit of time, and an export lasts as long as it arrives', async t => {
  const sent = t.capture(globalThis, 'fetch', async () => new Response('{}'))
  const login = { url: 'http://auth.test', email: 'ada@example.org', accessToken: 'a', refreshToken: 'r' }
  const read = async () => ({ ...login, idempotencyKey: 'k' })
  const api = createApi({ read, write: async () => undefined, forget: async () => undefined })
  await api.call('/admin/users')
  await api.stream('/admin/audit/export')
  const limits = sent().map(({ args }) => (args[1] as RequestInit).signal ?? undefined)
  t.match(limits, [AbortSignal, undefined])
})
