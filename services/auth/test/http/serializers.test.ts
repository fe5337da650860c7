import t from 'tap'
import { sharedSerializers } from '../../src/http/serializers.ts'

const route = { method: 'GET', url: '/', httpStatus: '200' }
const schema = () => ({ type: 'object', properties: { id: { type: 'string' } } })

t.test('sharedSerializers: routes with equal responses share a serializer across scopes', async t => {
  const first = sharedSerializers({}, {})({ ...route, schema: schema() })
  const second = sharedSerializers({}, {})({ ...route, url: '/other', schema: schema() })
  t.equal(second, first)
  t.equal(second({ id: 'a', secret: 'b' }), '{"id":"a"}')
})

t.test('sharedSerializers: different schemas do not share one', async t => {
  const compile = sharedSerializers({}, {})
  const narrow = compile({ ...route, schema: schema() })
  const wide = compile({ ...route, schema: { type: 'object', additionalProperties: true } })
  t.equal(narrow({ secret: 'b' }), '{}')
  t.equal(wide({ secret: 'b' }), '{"secret":"b"}')
})

t.test('sharedSerializers: resolves a reference within its scope', async t => {
  const shared = { $id: 'Shared', ...schema() }
  const refers = { ...route, schema: { $ref: 'Shared#' } }
  const serialize = sharedSerializers({ Shared: shared }, {})(refers)
  t.equal(serialize({ id: 'a', secret: 'b' }), '{"id":"a"}')
  t.throws(() => sharedSerializers({}, {})(refers)({ id: 'a' }), 'and not found where it does not')
})
