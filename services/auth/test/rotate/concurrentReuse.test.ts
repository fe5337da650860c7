/** Two presentations of an old refresh token at the same time: only the one that ends the session reports reuse. */
import type { Problem } from '@gatehouse/contract'
import t from 'tap'
import { holdRevocationClock, inOrder } from '../helpers/locks.ts'
import { renew, startService, type TestSession } from '../helpers/service.ts'

t.test('reuse: of two concurrent presentations one is refresh-reused and the other session-ended', async t => {
  const service = await startService(t)
  const { refreshToken: old } = await service.login(await service.createUser())
  let current = old
  for (let count = 0; count < 2; count += 1) {
    current = ((await renew(service, current)).body as TestSession).refreshToken
  }
  const clock = await holdRevocationClock(t, service)
  const [first, second] = await inOrder(service, clock, [() => renew(service, old), () => renew(service, old)])
  const codes = [first, second].map(({ body }) => (body as Problem).code)
  t.strictSame(codes, ['refresh-reused', 'session-ended'])
})
