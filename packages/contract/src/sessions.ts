/** Schemas of the user's own routes: log in, renew, sessions, me. */
import { type Static, Type } from 'typebox'
import { closed, orNull, Timestamp } from './fields.ts'

/** Schema of the id of an account, session or guard. */
export const Id = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  description: 'A UUID in lower case (RFC 9562).',
})

/** No control characters. */
const printable = '^[^\\u0000-\\u001f\\u007f]*$'
/** Schema of an e-mail address as a user types it; the service normalises it. */
export const Email = Type.String({
  minLength: 3,
  maxLength: 254,
  pattern: '^[^\\s@\\u0000-\\u001f\\u007f]+@[^\\s@\\u0000-\\u001f\\u007f]+$',
  examples: ['ada@example.org'],
})
/**
 * Schema of a password. The rules for new passwords are checked by the service, which names each
 * broken rule.
 */
export const Password = Type.String({ minLength: 1, maxLength: 512, examples: ['correct horse battery staple'] })

/**
 * Schema of how the refresh token is sent: in an HttpOnly cookie for browsers, in the body for
 * other clients.
 */
export const Transport = Type.Union([Type.Literal('cookie'), Type.Literal('body')], { default: 'cookie' })

/** Schema of `POST /session`. */
export const LoginRequest = Type.Object(
  {
    email: Email,
    password: Password,
    newPassword: Type.Optional(
      Type.Unsafe<string>({
        ...Password,
        description: 'Only after the problem `password-change-required`.',
        examples: ['a better horse battery staple'],
      }),
    ),
    remember: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'False: the cookie ends with the browser session, and the lifetime is the short one.',
      }),
    ),
    device: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, pattern: printable, examples: ["Ada's laptop"] }),
    ),
    transport: Type.Optional(Transport),
  },
  closed,
)
export type LoginRequest = Static<typeof LoginRequest>

/** Schema of a new pair of tokens. */
export const SessionTokens = Type.Object(
  {
    accessToken: Type.String(),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ description: 'The lifetime of the access token in seconds.' }),
    sessionId: Id,
    sessionExpiresAt: Type.Unsafe<string>({
      ...Timestamp,
      description: 'The absolute end of the session; renewing does not extend it.',
    }),
    refreshToken: Type.Optional(Type.String({ description: 'Only with `transport: "body"`.' })),
  },
  { $id: 'TokenAnswer' },
)
export type SessionTokens = Static<typeof SessionTokens>

/** Schema of `POST /session/renew`. */
export const RenewRequest = Type.Object(
  { refreshToken: Type.Optional(Type.String({ minLength: 1, maxLength: 512, examples: ['ghr_AQEx...'] })) },
  { ...closed, description: 'Empty when the refresh token is in the cookie.' },
)
/** Schema of `DELETE /session`. */
export const LogoutRequest = RenewRequest

/** Schema of `POST /session/reauthenticate`. */
export const ReauthenticationRequest = Type.Object({ password: Password }, closed)

const userCode = {
  userCode: Type.String({
    minLength: 8,
    maxLength: 20,
    description: 'As the device shows it.',
    examples: ['BCDF-GHJK'],
  }),
}
/** Schema of `POST /device/lookup`. */
export const DeviceLookup = Type.Object(userCode, closed)
/** Schema of a device that waits for the decision of a user. */
export const WaitingDevice = Type.Object({
  client: Type.String({ examples: ['television'] }),
  isLogin: Type.Boolean({ description: 'True: it gets a log-in of the account, and the approval needs the password.' }),
  roles: Type.Array(Type.String(), { description: 'The roles that it gets, which only a log-in has.' }),
  scopes: Type.Array(Type.String(), { description: 'What the device asks for, of what the user has.' }),
  audience: Type.String({ examples: ['gatehouse'] }),
  address: orNull(Type.String(), { description: 'From where the device began.' }),
  expiresAt: Timestamp,
})
export type WaitingDevice = Static<typeof WaitingDevice>
/** Schema of `POST /device/decision`. */
export const DeviceDecision = Type.Object({ ...userCode, approve: Type.Boolean() }, closed)

/** How a user agent is shown. */
const agent = Type.String({
  description: 'The user agent in readable form.',
  examples: ['Firefox 140 on Windows'],
})
/** Schema of a session as its owner and admins see it. */
export const SessionView = Type.Object(
  {
    id: Id,
    current: Type.Boolean({ description: 'True for the session of the access token that was sent.' }),
    client: Type.String({ description: 'The OAuth client that holds the session.', examples: ['first-party'] }),
    device: orNull(Type.String({ examples: ["Ada's laptop"] })),
    agent,
    userAgent: orNull(Type.String()),
    address: orNull(Type.String({ examples: ['203.0.113.7'] })),
    createdAt: Timestamp,
    renewedAt: orNull(Timestamp),
    expiresAt: Timestamp,
    sharedAt: Type.Union([
      Type.Unsafe<string>({ ...Timestamp, description: 'When two clients were seen to hold the refresh token.' }),
      Type.Null(),
    ]),
  },
  { $id: 'SessionView' },
)
export type SessionView = Static<typeof SessionView>
/** Schema of a session that ended within the last 24 hours. */
export const EndedSession = Type.Object(
  {
    id: Id,
    device: orNull(Type.String({ examples: ["Ada's laptop"] })),
    agent,
    userAgent: orNull(Type.String()),
    address: orNull(Type.String({ examples: ['203.0.113.7'] })),
    createdAt: Timestamp,
    endedAt: Timestamp,
    endedAs: Type.String({ description: 'Why it ended.', examples: ['logged-out', 'revoked', 'reuse-detected'] }),
  },
  { $id: 'EndedSession' },
)
export type EndedSession = Static<typeof EndedSession>
/** The sessions that ended recently, in lists of sessions: the newest 20. */
export const endedSessions = {
  ended: Type.Array(Type.Unsafe<EndedSession>({ $ref: 'EndedSession#' }), {
    description: 'The sessions that ended within the last 24 hours, newest first, at most 20.',
  }),
}

/** Schema of the sessions of the caller. */
export const SessionList = Type.Object({
  sessions: Type.Array(Type.Unsafe<SessionView>({ $ref: 'SessionView#' })),
  ...endedSessions,
})
export type SessionList = Static<typeof SessionList>

/** Schema of `GET /me`. */
export const Me = Type.Object(
  {
    id: Id,
    email: Type.String(),
    roles: Type.Array(Type.String()),
    scopes: Type.Array(Type.String()),
    createdAt: Timestamp,
  },
  { $id: 'Me' },
)
export type Me = Static<typeof Me>

/** Schema of `PUT /me/password`. */
export const PasswordChange = Type.Object(
  {
    currentPassword: Password,
    newPassword: Password,
    endOthers: Type.Optional(Type.Boolean({ default: true, description: 'End the other sessions of the caller.' })),
  },
  closed,
)
export type PasswordChange = Static<typeof PasswordChange>

/**
 * Schema of a receipt for users: it says whether the revocation is in force, without the names of
 * guards.
 */
export const InForce = Type.Object(
  {
    sessionsEnded: Type.Integer({ description: 'The number of sessions that this call ended.' }),
    inForce: Type.Boolean({ description: 'True: no resource service accepts a covered token.' }),
    waitedMs: Type.Integer(),
  },
  { $id: 'InForce' },
)
export type InForce = Static<typeof InForce>
