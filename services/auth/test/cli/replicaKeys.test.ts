/** The doctor's comparison of the keys that replicas publish. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { compareKeys, fetchKeySets } from '../../src/cli/replicaKeys.ts'

t.test('replica keys: reports replicas behind one address that publish different keys', async t => {
  let requests = 0
  const server = createServer((_request, response) => {
    requests += 1
    response.end(JSON.stringify({ keys: [{ kid: 'a' }, ...(requests % 2 === 0 ? [{ kid: 'b' }] : [])] }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const keySets = await fetchKeySets(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  t.match(compareKeys(['a'], keySets ?? []), /different keys: \[a\] and \[a b\]|different keys: \[a b\] and \[a\]/)
})

t.test('replica keys: agreement, a key that is not published, and an unreachable service', async t => {
  t.equal(
    compareKeys(
      ['a'],
      [
        ['a', 'b'],
        ['b', 'a'],
      ],
    ),
    undefined,
  )
  t.match(compareKeys(['a', 'c'], [['a'], ['a']]), /do not publish the configured c/)
  t.equal(await fetchKeySets('http://127.0.0.1:9'), undefined)
})
