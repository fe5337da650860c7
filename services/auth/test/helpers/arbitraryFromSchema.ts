/** Generates values for the JSON schemas of the OpenAPI document: mostly valid, at the edges. */
import fc from 'fast-check'

export interface JsonSchema {
  $ref?: string
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  format?: string
  minimum?: number
  maximum?: number
}

const timestamps = [
  ...['2016-12-31T23:59:60Z', '0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'],
  ...['2026-01-01T00:00:00+05', '2026-01-01T24:00:00Z', '2026-01-01T00:00:00.123456789Z', '2026-02-29T00:00:00Z'],
  ...['2026-01-01t00:00:00z', '2026-01-01 00:00:00Z', '+275760-09-13T00:00:00Z', '2026-01-01T00:00:00-23:59'],
]
const ids = [
  '-'.repeat(36),
  '0'.repeat(36),
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
]
const texts = [
  ...['', '\u0000', 'a\u0000b', '\ud800', '%', '%00', '\\', "'", '"', '{}', '[]', 'null', '-1', '1e400', 'NaN'],
  ...['\u202e', '\u{1F600}'.repeat(30), 'ﬀ@ﬁ', 'x'.repeat(300), '::ffff:1.2.3.4', '1.2.3.4/1e1', 'fe80::1%eth0'],
]
const numbers = [0, -1, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e21, -1e21, 0.5]

/**
 * @param known values of the running service, such as the ids of accounts, which reach further than
 * random ones
 */
export function arbitraryFromSchema(
  schema: JsonSchema,
  { schemas, known }: { schemas: Record<string, JsonSchema>; known: readonly string[] },
): fc.Arbitrary<unknown> {
  const of = (inner: JsonSchema): fc.Arbitrary<unknown> => {
    const valid = validOf(inner)
    return fc.oneof(
      { weight: 12, arbitrary: valid },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(...texts, ...numbers, null, true) },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
    )
  }

  const validOf = (inner: JsonSchema): fc.Arbitrary<unknown> => {
    if (inner.$ref !== undefined) return validOf(schemas[inner.$ref.split('/').at(-1) ?? ''] ?? {})
    if ('const' in inner) return fc.constant(inner.const)
    if (inner.enum !== undefined) return fc.constantFrom(...inner.enum)
    const choices = inner.anyOf ?? inner.oneOf ?? inner.allOf
    if (choices !== undefined) return fc.oneof(...choices.map(validOf))
    if (inner.type === 'object') return objectOf(inner)
    if (inner.type === 'array') {
      const { minItems: minLength = 0, maxItems = 4 } = inner
      return fc.array(of(inner.items ?? {}), { minLength, maxLength: Math.max(minLength, Math.min(maxItems, 4)) })
    }
    if (inner.type === 'boolean') return fc.boolean()
    if (inner.type === 'integer' || inner.type === 'number') {
      const { minimum: min = -1000, maximum: max = 1000 } = inner
      return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max))
    }
    if (inner.type === 'null') return fc.constant(null)
    return stringOf(inner)
  }

  const objectOf = ({ properties = {}, required = [] }: JsonSchema) => {
    const arbitraries = Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, of(inner)]))
    return fc.record(arbitraries, { requiredKeys: required.filter(name => name in arbitraries) })
  }

  const stringOf = ({ format, pattern, minLength = 0, maxLength = 60 }: JsonSchema): fc.Arbitrary<string> => {
    if (format === 'date-time')
      return fc.oneof(
        fc.constantFrom(...timestamps),
        fc.date({ noInvalidDate: true }).map(date => date.toISOString()),
      )
    if (format === 'uuid' || /0-9a-f.*\{12\}/.test(pattern ?? ''))
      return fc.oneof(fc.constantFrom(...ids, ...known), fc.uuid())
    if (pattern !== undefined)
      return fc.oneof(fc.stringMatching(new RegExp(pattern)), fc.constantFrom(...known, ...ids))
    const length = { minLength: Math.min(minLength, 200), maxLength: Math.max(minLength, Math.min(maxLength, 60)) }
    return fc.oneof(
      fc.string({ unit: 'binary', ...length }),
      fc.string({ unit: 'grapheme-ascii', ...length }),
      fc.constantFrom(...texts, ...known),
    )
  }
  return of(schema)
}
