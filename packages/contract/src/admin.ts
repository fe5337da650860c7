/** Schemas of the admin routes for users and their sessions. */
import { type Static, Type } from 'typebox'
import { closed, nextCursor, orNull, pageQuery, reasonField, Timestamp } from './fields.ts'
import type { Receipt } from './revocations.ts'
import { Email, endedSessions, Id, Password, type SessionView } from './sessions.ts'

/** A role, or a scope (RFC 6749 section 3.3). */
const ScopeToken = Type.String({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,100}$', examples: ['storage:restricted'] })
const ScopeTokens = Type.Array(ScopeToken, { maxItems: 50, uniqueItems: true })

const confirmField = {
  confirm: Type.Optional(
    Type.Literal('myself', { description: 'Required when the action affects the account of the caller.' }),
  ),
}
/** Schema of an action with a reason and, where it affects the caller, a confirmation. */
export const ActionRequest = Type.Object({ ...reasonField, ...confirmField }, closed)
export type ActionRequest = Static<typeof ActionRequest>

/** Schema of a user as an admin sees it. */
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
      Type.Unsafe<string>({ ...Timestamp, description: 'The latest log-in or renewal that is still stored.' }),
    ),
    sessions: Type.Integer({ description: 'The number of active sessions.' }),
    version: Type.Integer({ description: 'The version in the `ETag`.' }),
  },
  { $id: 'UserView' },
)
export type UserView = Static<typeof UserView>
/** A reference to `UserView` for routes. */
export const UserViewRef = Type.Unsafe<UserView>({ $ref: 'UserView#' })

/** Schema of the sessions of one user. */
export const SessionDetails = Type.Object({
  sessions: Type.Array(Type.Unsafe<SessionView>({ $ref: 'SessionView#' })),
  ...endedSessions,
})
export type SessionDetails = Static<typeof SessionDetails>

/** Schema of one user with its sessions. */
export const UserDetail = Type.Object({
  user: Type.Unsafe<UserView>({ $ref: 'UserView#' }),
  sessions: Type.Array(Type.Unsafe<SessionView>({ $ref: 'SessionView#' })),
  ...endedSessions,
})
export type UserDetail = Static<typeof UserDetail>

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
/** Schema of the filter of the user list. */
export const UserQuery = Type.Object(
  {
    email: Type.Optional(Type.String({ minLength: 1, maxLength: 254, description: 'A part of the e-mail address.' })),
    role: Type.Optional(ScopeToken),
    ids: Type.Optional(
      Type.String({ pattern: `^${uuid}(,${uuid}){0,99}$`, description: 'The ids of up to 100 accounts, with commas.' }),
    ),
    state: Type.Optional(Type.Union([Type.Literal('active'), Type.Literal('disabled')])),
    ...pageQuery,
  },
  closed,
)
export type UserQuery = Static<typeof UserQuery>
/** Schema of one page of the user list. */
export const UserPage = Type.Object({ users: Type.Array(Type.Unsafe<UserView>({ $ref: 'UserView#' })), ...nextCursor })
export type UserPage = Static<typeof UserPage>

/** Schema of `POST /admin/users`. */
export const NewUser = Type.Object(
  {
    email: Email,
    password: Password,
    roles: Type.Optional(ScopeTokens),
    scopes: Type.Optional(ScopeTokens),
    mustChangePassword: Type.Optional(
      Type.Boolean({
        description:
          'Whether the first log-in must replace the password, which then also expires. Always true for a user, who would know the password of another; false by default for a service client, which passes on what the new user has chosen.',
      }),
    ),
  },
  closed,
)
export type NewUser = Static<typeof NewUser>

/** Schema of `PATCH /admin/users/{id}`. */
export const UserChange = Type.Object(
  { roles: Type.Optional(ScopeTokens), scopes: Type.Optional(ScopeTokens), ...reasonField, ...confirmField },
  { ...closed, minProperties: 1 },
)
export type UserChange = Static<typeof UserChange>

/** Schema of the response to a change; `revocation` is null when no right was removed. */
export const UserChanged = Type.Object({
  user: Type.Unsafe<UserView>({ $ref: 'UserView#' }),
  revocation: orNull(Type.Unsafe<Receipt>({ $ref: 'Receipt#' })),
})
export type UserChanged = Static<typeof UserChanged>

/** Schema of the response to a reset code. */
export const ResetCodeIssued = Type.Object({
  code: Type.String({ description: 'Shown once. It is a password that opens nothing but the choice of a new one.' }),
  expiresInSeconds: Type.Integer(),
  revocation: Type.Unsafe<Receipt>({ $ref: 'Receipt#' }),
})
export type ResetCodeIssued = Static<typeof ResetCodeIssued>

/** Schema of the number of active sessions of all accounts. */
export const ActiveSessions = Type.Object({
  activeSessions: Type.Integer({ description: 'Exact up to 10,000, an estimate beyond.' }),
})
export type ActiveSessions = Static<typeof ActiveSessions>

/** Schema of the sessions that a bulk call ends: those that match all given criteria. */
export const SessionCriteria = Type.Object(
  {
    accounts: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 300, uniqueItems: true })),
    client: Type.Optional(Type.String({ minLength: 1, maxLength: 100, examples: ['first-party'] })),
    device: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'A part of the device name.', examples: ['laptop'] }),
    ),
    network: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$',
        description: 'An address, or a network in CIDR notation.',
        examples: ['203.0.113.0/24'],
      }),
    ),
    createdBefore: Type.Optional(Timestamp),
  },
  { ...closed, minProperties: 1, examples: [{ network: '203.0.113.0/24' }] },
)
export type SessionCriteria = Static<typeof SessionCriteria>

/** Schema of `POST /admin/sessions/end`. */
export const BulkEnd = Type.Object(
  {
    criteria: SessionCriteria,
    dryRun: Type.Optional(Type.Boolean({ default: false, description: 'True: only report what the call would end.' })),
    ...reasonField,
    ...confirmField,
  },
  closed,
)
export type BulkEnd = Static<typeof BulkEnd>

/** Schema of the response to a dry run. */
export const BulkPreview = Type.Object(
  {
    dryRun: Type.Literal(true),
    sessions: Type.Integer(),
    accounts: Type.Integer(),
    estimated: Type.Boolean({
      description:
        'True when counting would take long: the numbers are estimates, and leave out the criterion `device`.',
    }),
    includesCurrentSession: Type.Boolean({ description: 'True when the session of the caller is one of them.' }),
  },
  { $id: 'BulkPreview' },
)
export type BulkPreview = Static<typeof BulkPreview>
