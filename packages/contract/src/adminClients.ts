/** Schemas of the admin routes for service clients and the audit log. */
import { type Static, Type } from 'typebox'
import { closed, nextCursor, orNull, pageQuery, reasonField, Timestamp } from './fields.ts'
import type { Receipt } from './revocations.ts'

const TextOrNull = orNull(Type.String())

/**
 * Schema of a client id. A handler also refuses the form of a UUID, so that a client id never
 * equals an account id.
 */
export const ClientId = Type.String({ pattern: '^[\\w.-]{1,100}$', examples: ['warehouse'] })

/** Schema of a service client as an admin sees it. */
export const ClientView = Type.Object(
  {
    id: ClientId,
    name: Type.String({ examples: ['The warehouse'] }),
    scopes: Type.Array(Type.String(), { examples: [['guard', 'introspect']] }),
    audience: orNull(Type.String(), {
      description: 'Whose tokens it introspects and exchanges; null for the default audience.',
    }),
    keys: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
      description: 'Its public keys (RFC 7523), each with its `kid`; empty for a client with a secret.',
    }),
    createdAt: Timestamp,
    lastUsedAt: Type.Union([
      Type.Unsafe<string>({ ...Timestamp, description: 'Accurate to the minute.' }),
      Type.Null(),
    ]),
    previousSecretEndsAt: orNull(Timestamp, {
      description: 'Until this time the previous secret is accepted too.',
    }),
  },
  { $id: 'ClientView' },
)
export type ClientView = Static<typeof ClientView>
/** Schema of all service clients. */
export const ClientList = Type.Object({ clients: Type.Array(Type.Unsafe<ClientView>({ $ref: 'ClientView#' })) })
export type ClientList = Static<typeof ClientList>

/** Schema of `POST /admin/clients`. */
export const NewClient = Type.Object(
  {
    id: ClientId,
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 100, examples: ['The warehouse'] })),
    scopes: Type.Array(Type.String({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,100}$' }), {
      minItems: 1,
      maxItems: 50,
      uniqueItems: true,
      description: '`guard` (follow the feed), `introspect`, scopes of the admin routes, or scopes of your services.',
    }),
    audience: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        examples: ['https://api.example.org'],
        description:
          'The resource service that the client is (RFC 8707): it introspects and exchanges only tokens for this audience, and the default one when it is left out.',
      }),
    ),
  },
  closed,
)
export type NewClient = Static<typeof NewClient>

/** Schema of `PUT /admin/clients/{id}/keys`. */
export const ClientKeys = Type.Object(
  {
    jwks: Type.Object(
      { keys: Type.Array(Type.Record(Type.String(), Type.Unknown()), { minItems: 1, maxItems: 5 }) },
      { ...closed, description: 'Public keys for ES256, EdDSA or RS256 (RFC 7517).' },
    ),
    replacedKids: Type.Optional(
      Type.Array(Type.String({ maxLength: 200, examples: ['2026-11'] }), {
        maxItems: 5,
        description: 'The ids of the keys that are replaced: refuses the request when the client has others by now.',
      }),
    ),
    ...reasonField,
  },
  closed,
)

/** Schema of the response that contains a new secret. No other response does. */
export const ClientWithSecret = Type.Object({
  client: Type.Unsafe<ClientView>({ $ref: 'ClientView#' }),
  secret: Type.String({ description: 'Sent only in this response.' }),
})
export type ClientWithSecret = Static<typeof ClientWithSecret>

/** Schema of the response to a rotated secret. */
export const ClientRotated = Type.Object({
  client: Type.Unsafe<ClientView>({ $ref: 'ClientView#' }),
  secret: Type.String({ description: 'Sent only in this response.' }),
  revocation: orNull(Type.Unsafe<Receipt>({ $ref: 'Receipt#' }), {
    description: 'Null when the previous secret is still accepted for a time.',
  }),
})
export type ClientRotated = Static<typeof ClientRotated>

/** Schema of `POST /admin/clients/{id}/rotate`. */
export const SecretRotation = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 604_800,
        default: 3600,
        description: 'How long the previous secret is still accepted, in seconds.',
      }),
    ),
    ...reasonField,
  },
  closed,
)

/** Schema of one audit entry. */
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
    seq: orNull(Type.Integer(), {
      description: 'The number of the revocation that the action caused.',
    }),
    detail: Type.Unknown({ description: 'Evidence; its members depend on the action.' }),
  },
  { $id: 'AuditView' },
)
export type AuditView = Static<typeof AuditView>

const AuditParty = Type.String({
  minLength: 1,
  maxLength: 254,
  description: 'An id, or the e-mail address of an account.',
})

const filter = {
  actor: Type.Optional(AuditParty),
  target: Type.Optional(AuditParty),
  action: Type.Optional(Type.String({ minLength: 1, maxLength: 100, examples: ['session.start'] })),
  outcome: Type.Optional(Type.String({ minLength: 1, maxLength: 100, examples: ['credentials-invalid'] })),
  address: Type.Optional(Type.String({ minLength: 2, maxLength: 45 })),
  seq: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$', description: 'The number of a revocation.' })),
  from: Type.Optional(Timestamp),
  until: Type.Optional(Timestamp),
}
/** Schema of the filter of an audit export. */
export const AuditExportQuery = Type.Object(filter, closed)
export type AuditFilter = Static<typeof AuditExportQuery>
/** Schema of the filter of an audit page. */
export const AuditQuery = Type.Object({ ...filter, ...pageQuery }, closed)
/** Schema of one page of the audit log. */
export const AuditPage = Type.Object({
  entries: Type.Array(Type.Unsafe<AuditView>({ $ref: 'AuditView#' })),
  ...nextCursor,
})
export type AuditPage = Static<typeof AuditPage>
