/** Requests and answers of the admin surface: people and their sessions. */
import { type Static, Type } from 'typebox'
import type { Receipt } from './revocations.ts'
import { Email, Id, Password } from './sessions.ts'

const closed = { additionalProperties: false }
const Timestamp = Type.String({ format: 'date-time' })
const orNull = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()])

/** A role, or a scope (RFC 6749 section 3.3). */
const ScopeToken = Type.String({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,100}$', examples: ['storage:restricted'] })
const ScopeTokens = Type.Array(ScopeToken, { maxItems: 50, uniqueItems: true })

const reasonField = {
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, examples: ['laptop stolen'] })),
}
const confirmField = {
  confirm: Type.Optional(Type.Literal('myself', { description: 'Needed when the act would hit the caller.' })),
}
/** Why, and that one means oneself. */
export const ActionRequest = Type.Object({ ...reasonField, ...confirmField }, closed)
export type ActionRequest = Static<typeof ActionRequest>

/** Where a page ends: opaque, and good for the next call. */
export const Cursor = Type.String({ pattern: '^[A-Za-z0-9_-]{1,200}$' })
export const Limit = Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100; 50 if not given.' })
const nextCursor = { nextCursor: orNull(Type.Unsafe<string>({ ...Cursor, description: 'Null on the last page.' })) }

export const UserView = Type.Object(
  {
    id: Id,
    email: Type.String({ examples: ['ada@example.org'] }),
    roles: Type.Array(Type.String(), { examples: [['admin']] }),
    scopes: Type.Array(Type.String(), { examples: [['storage:restricted']] }),
    state: Type.Enum(['active', 'disabled']),
    mustChangePassword: Type.Boolean(),
    createdAt: Timestamp,
    disabledAt: orNull(Timestamp),
    passwordChangedAt: Timestamp,
    lastSeenAt: orNull(
      Type.Unsafe<string>({ ...Timestamp, description: 'The last log-in or renewal that is still known.' }),
    ),
    sessions: Type.Integer({ description: 'How many sessions stand.' }),
    version: Type.Integer({ description: 'The number in the `ETag`.' }),
  },
  { $id: 'UserView' },
)
export type UserView = Static<typeof UserView>
export const UserViewRef = Type.Unsafe<UserView>({ $ref: 'UserView#' })

/** One session as an admin sees it. */
export const SessionDetail = Type.Object(
  {
    id: Id,
    current: Type.Boolean({ description: 'The session of the token that asks.' }),
    device: orNull(Type.String({ examples: ["Ada's laptop"] })),
    agent: Type.String({ description: 'The user agent in words.', examples: ['Firefox 140 on Windows 10'] }),
    userAgent: orNull(Type.String()),
    address: orNull(Type.String({ examples: ['203.0.113.7'] })),
    createdAt: Timestamp,
    renewedAt: orNull(Timestamp),
    expiresAt: Timestamp,
  },
  { $id: 'SessionDetail' },
)
export type SessionDetail = Static<typeof SessionDetail>
export const SessionDetails = Type.Object({
  sessions: Type.Array(Type.Unsafe<SessionDetail>({ $ref: 'SessionDetail#' })),
})

export const UserDetail = Type.Object({
  user: Type.Unsafe<UserView>({ $ref: 'UserView#' }),
  sessions: Type.Array(Type.Unsafe<SessionDetail>({ $ref: 'SessionDetail#' })),
})

export const UserQuery = Type.Object(
  {
    email: Type.Optional(Type.String({ minLength: 1, maxLength: 254, description: 'A part of the address.' })),
    role: Type.Optional(ScopeToken),
    state: Type.Optional(Type.Union([Type.Literal('active'), Type.Literal('disabled')])),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(Cursor),
  },
  closed,
)
export type UserQuery = Static<typeof UserQuery>
export const UserPage = Type.Object({ users: Type.Array(Type.Unsafe<UserView>({ $ref: 'UserView#' })), ...nextCursor })

export const NewUser = Type.Object(
  {
    email: Email,
    password: Password,
    roles: Type.Optional(ScopeTokens),
    scopes: Type.Optional(ScopeTokens),
    mustChangePassword: Type.Optional(Type.Boolean({ default: false })),
  },
  closed,
)
export type NewUser = Static<typeof NewUser>

export const UserChange = Type.Object(
  { roles: Type.Optional(ScopeTokens), scopes: Type.Optional(ScopeTokens), ...reasonField, ...confirmField },
  { ...closed, minProperties: 1 },
)
export type UserChange = Static<typeof UserChange>

export const UserChanged = Type.Object({
  user: Type.Unsafe<UserView>({ $ref: 'UserView#' }),
  revocation: orNull(Type.Unsafe<Receipt>({ $ref: 'Receipt#' })),
})

export const PasswordReset = Type.Object(
  {
    password: Password,
    mustChangePassword: Type.Optional(Type.Boolean({ default: false })),
    ...reasonField,
    ...confirmField,
  },
  closed,
)

/** Which sessions a bulk call ends: all that fit every criterion given. */
export const SessionCriteria = Type.Object(
  {
    accounts: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 300, uniqueItems: true })),
    client: Type.Optional(Type.String({ minLength: 1, maxLength: 100, examples: ['first-party'] })),
    device: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'A part of its name.', examples: ['laptop'] }),
    ),
    network: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$',
        description: 'An address, or a network in CIDR form.',
        examples: ['203.0.113.0/24'],
      }),
    ),
    createdBefore: Type.Optional(Timestamp),
  },
  { ...closed, minProperties: 1, examples: [{ network: '203.0.113.0/24' }] },
)
export type SessionCriteria = Static<typeof SessionCriteria>

export const BulkEnd = Type.Object(
  {
    criteria: SessionCriteria,
    dryRun: Type.Optional(Type.Boolean({ default: false, description: 'Only say what it would end.' })),
    ...reasonField,
    ...confirmField,
  },
  closed,
)

export const BulkPreview = Type.Object(
  {
    dryRun: Type.Literal(true),
    sessions: Type.Integer(),
    accounts: Type.Integer(),
    includesCurrentSession: Type.Boolean({ description: 'The session of the caller is among them.' }),
  },
  { $id: 'BulkPreview' },
)
export type BulkPreview = Static<typeof BulkPreview>
