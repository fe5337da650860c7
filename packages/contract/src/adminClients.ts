/** Requests and answers of the admin surface: service clients and the audit log. */
import { type Static, Type } from 'typebox'
import { Cursor, Limit } from './admin.ts'
import type { Receipt } from './revocations.ts'

const closed = { additionalProperties: false }
const Timestamp = Type.String({ format: 'date-time' })
const TextOrNull = Type.Union([Type.String(), Type.Null()])
const Reason = Type.Optional(Type.String({ minLength: 1, maxLength: 500, examples: ['secret in a log'] }))

/** Not the form of a UUID, so that no client can be taken for an account; a handler says so. */
export const ClientId = Type.String({ pattern: '^[\\w.-]{1,100}$', examples: ['warehouse'] })

export const ClientView = Type.Object(
  {
    id: ClientId,
    name: Type.String({ examples: ['The warehouse'] }),
    scopes: Type.Array(Type.String(), { examples: [['guard', 'introspect']] }),
    createdAt: Timestamp,
    lastUsedAt: Type.Union([Type.Unsafe<string>({ ...Timestamp, description: 'To the minute.' }), Type.Null()]),
    previousSecretEndsAt: Type.Union([Timestamp, Type.Null()], {
      description: 'Until then the secret before the last rotation is taken too.',
    }),
  },
  { $id: 'ClientView' },
)
export type ClientView = Static<typeof ClientView>
export const ClientList = Type.Object({ clients: Type.Array(Type.Unsafe<ClientView>({ $ref: 'ClientView#' })) })

export const NewClient = Type.Object(
  {
    id: ClientId,
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 100, examples: ['The warehouse'] })),
    scopes: Type.Array(Type.String({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,100}$' }), {
      minItems: 1,
      maxItems: 50,
      uniqueItems: true,
      description: '`guard` (follow revocations), `introspect`, those of the admin routes, or your own.',
    }),
  },
  closed,
)

/** The only answer that ever shows it. */
export const ClientWithSecret = Type.Object({
  client: Type.Unsafe<ClientView>({ $ref: 'ClientView#' }),
  secret: Type.String({ description: 'Shown once.' }),
})

export const ClientRotated = Type.Object({
  client: Type.Unsafe<ClientView>({ $ref: 'ClientView#' }),
  secret: Type.String({ description: 'Shown once.' }),
  revocation: Type.Union([Type.Unsafe<Receipt>({ $ref: 'Receipt#' }), Type.Null()], {
    description: 'Null when the old secret is still taken for a while.',
  }),
})

export const SecretRotation = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 604_800,
        default: 3600,
        description: 'How long the old secret is still taken.',
      }),
    ),
    reason: Reason,
  },
  closed,
)

export const AuditView = Type.Object(
  {
    id: Type.Integer(),
    at: Timestamp,
    actor: TextOrNull,
    action: Type.String({ examples: ['user.disable'] }),
    target: TextOrNull,
    reason: TextOrNull,
    address: TextOrNull,
    requestId: TextOrNull,
    outcome: Type.String({ examples: ['done'] }),
    seq: Type.Union([Type.Integer(), Type.Null()], { description: 'The revocation that it caused.' }),
    detail: Type.Unknown({ description: 'Evidence; what is in it depends on the action.' }),
  },
  { $id: 'AuditView' },
)
export type AuditView = Static<typeof AuditView>

const filter = {
  actor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  target: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  action: Type.Optional(Type.String({ minLength: 1, maxLength: 100, examples: ['session.start'] })),
  outcome: Type.Optional(Type.String({ minLength: 1, maxLength: 100, examples: ['credentials-invalid'] })),
  address: Type.Optional(Type.String({ minLength: 2, maxLength: 45 })),
  from: Type.Optional(Timestamp),
  until: Type.Optional(Timestamp),
}
export const AuditExportQuery = Type.Object(filter, closed)
export type AuditFilter = Static<typeof AuditExportQuery>
export const AuditQuery = Type.Object({ ...filter, limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }, closed)
export const AuditPage = Type.Object({
  entries: Type.Array(Type.Unsafe<AuditView>({ $ref: 'AuditView#' })),
  nextCursor: Type.Union([Cursor, Type.Null()]),
})
