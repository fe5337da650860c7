/** Random requests to every documented route: no 5xx, and every refusal is a problem document. */
import { problemMediaType } from '@gatehouse/contract'
import t from 'tap'
import { createRandom, type Random, seed } from '../helpers/random.ts'
import { fetchResponse } from '../helpers/rawRequest.ts'
import { basic, password, startService } from '../helpers/service.ts'

const words: readonly [string, ...string[]] = [
  '',
  'a@b.c',
  'x'.repeat(600),
  '\u0001',
  'ghr_x',
  'é',
  '😀',
  '-1',
  'true',
  '2026-01-01',
  'end every session',
  '%00',
  '\\',
]
const fields: readonly [string, ...string[]] = [
  'email',
  'password',
  'refreshToken',
  'guard',
  'feedId',
  'after',
  'name',
  'version',
  'remember',
  'device',
  'transport',
  'currentPassword',
  'newPassword',
  'endOthers',
  'reason',
  'confirm',
  'roles',
  'scopes',
  'id',
  'x',
]

function rubbish(random: Random, depth: number): unknown {
  const kind = random.upTo(depth > 3 ? 4 : 6)
  if (kind === 0) return null
  if (kind === 1) return random.pick([0, -1, 1.5, 2 ** 53, 1e308, -0])
  if (kind === 2) return random.upTo(1) === 0
  if (kind <= 4) return random.pick(words)
  if (kind === 5) return Array.from({ length: random.upTo(4) }, () => rubbish(random, depth + 1))
  const entries = Array.from({ length: random.upTo(5) }, () => [random.pick(fields), rubbish(random, depth + 1)])
  return Object.fromEntries(entries)
}

t.test(
  `600 random requests to every documented route: no 5xx, every refusal is a problem document (SEED=${seed})`,
  async t => {
    const service = await startService(t, { LOGIN_FAILURES: '100000', ADDRESS_FAILURES: '1000000' })
    const user = await service.createUser({ roles: ['admin'], scopes: ['admin'] })
    const random = createRandom(seed)
    const { paths } = (await service.call('/openapi.json')).body as { paths: Record<string, object> }
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => ({ method: method.toUpperCase(), path })),
    )
    let { accessToken } = await service.login(user)
    for (let n = 0; n < 600; n += 1) {
      const { method, path } = routes[random.upTo(routes.length - 1)] ?? { method: 'GET', path: '/' }
      const filled = path.replace(/\{\w+\}/g, () =>
        encodeURIComponent(random.pick([user.id, '1', 'x'.repeat(600), '😀', '%00', '\\', '-1'])),
      )
      const query = random.upTo(3) === 0 ? `?${random.pick(fields)}=${encodeURIComponent(random.pick(words))}` : ''
      const authorization = random.pick([
        `Bearer ${accessToken}`,
        service.guardCredentials,
        basic('x', 'y'),
        'Bearer x',
        '',
      ])
      const isForm = path.startsWith('/oauth') && random.upTo(1) === 0
      const headers = {
        'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
        prefer: 'wait=0',
        ...(authorization === '' ? {} : { authorization }),
      }
      const mutated =
        random.upTo(2) === 0 ? { email: user.email, password, ...Object(rubbish(random, 1)) } : rubbish(random, 0)
      const body = method === 'GET' ? {} : { body: JSON.stringify(mutated) }
      const response = await fetchResponse(service.url + filled + query, {
        method,
        headers,
        ...body,
        redirect: 'manual',
      })
      const about = `SEED=${seed} #${n} ${method} ${filled}${query} ${JSON.stringify(body).slice(0, 200)}: ${response.status}`
      if (response.status >= 500) t.fail(about)
      const isOurs = !path.startsWith('/oauth')
      if (isOurs && response.status >= 400 && response.headers.get('content-type') !== problemMediaType) t.fail(about)
      // Some requests revoke the session.
      if (n % 100 === 99) accessToken = (await service.login(user).catch(() => ({ accessToken }))).accessToken
    }
    t.equal((await service.call('/livez')).status, 200)
  },
)
