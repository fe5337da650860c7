/** The limits of the server options. */
import { maxAccessTokenLength } from '@gatehouse/contract'
import { fastifyDefaults } from '@gatehouse/http'
import t from 'tap'

t.test('fastifyDefaults: bounds the time of a whole request and the size of headers and body', async t => {
  const options = fastifyDefaults({ problemBase: 'https://auth.example/problems', realm: 'warehouse' })
  t.match(options, { requestTimeout: 10_000, bodyLimit: 16_384, http: { headersTimeout: 5000 } })
  t.ok((options.http?.maxHeaderSize ?? 0) > 2 * maxAccessTokenLength)
})
