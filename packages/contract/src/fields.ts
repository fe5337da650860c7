/** Parts of schemas that several messages share. */
import { type TSchemaOptions, Type } from 'typebox'

/** Refuses members that the schema does not name. */
export const closed = { additionalProperties: false }

export const Timestamp = Type.String({ format: 'date-time' })

export const orNull = <Schema extends Parameters<typeof Type.Union>[0][number]>(
  schema: Schema,
  options: TSchemaOptions = {},
) => Type.Union([schema, Type.Null()], options)

/** Why an admin acts, for the audit log. */
export const reasonField = {
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, examples: ['laptop lost'] })),
}

/** A page's cursor: opaque to clients, sent back to read the next page. */
const Cursor = Type.String({ pattern: '^[A-Za-z0-9_-]{1,200}$' })
const Limit = Type.String({ pattern: '^([1-9][0-9]?|100)$', description: 'From 1 to 100; the default is 50.' })
export const pageQuery = { limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }
export const nextCursor = {
  nextCursor: orNull(Type.Unsafe<string>({ ...Cursor, description: 'Null on the last page.' })),
}
