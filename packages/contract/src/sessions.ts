/** Requests and answers of the people's own surface: log in, renew, my sessions, me. */
import { type Static, Type } from 'typebox'

const closed = { additionalProperties: false }
export const Id = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  description: 'A UUID in lower case.',
})
const Timestamp = Type.String({ format: 'date-time' })

/** No control characters. */
const printable = '^[^\\u0000-\\u001f\\u007f]*$'
export const Email = Type.String({
  minLength: 3,
  maxLength: 254,
  pattern: '^[^\\s@\\u0000-\\u001f\\u007f]+@[^\\s@\\u0000-\\u001f\\u007f]+$',
  examples: ['ada@example.org'],
})
/** Any string may be tried; what a new password must be is judged apart, with reasons. */
export const Password = Type.String({ minLength: 1, maxLength: 512, examples: ['correct horse battery staple'] })

/** How the refresh token travels: an HttpOnly cookie for browsers, the body for everybody else. */
export const Transport = Type.Union([Type.Literal('cookie'), Type.Literal('body')], { default: 'cookie' })

export const LoginRequest = Type.Object(
  {
    email: Email,
    password: Password,
    newPassword: Type.Optional(
      Type.Unsafe<string>({
        ...Password,
        description: 'Only when the answer was `password-change-required`.',
        examples: ['a better horse battery staple'],
      }),
    ),
    remember: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'False: the cookie ends with the browser, and the session is a short one.',
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

export const SessionTokens = Type.Object(
  {
    accessToken: Type.String(),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ description: 'Seconds until the access token expires.' }),
    sessionId: Id,
    sessionExpiresAt: Type.Unsafe<string>({ ...Timestamp, description: 'The end that no renewal moves.' }),
    refreshToken: Type.Optional(Type.String({ description: 'Only with `transport: "body"`.' })),
  },
  { $id: 'TokenAnswer' },
)
export type SessionTokens = Static<typeof SessionTokens>

export const RenewRequest = Type.Object(
  { refreshToken: Type.Optional(Type.String({ minLength: 1, maxLength: 512, examples: ['ghr_AQEx...'] })) },
  { ...closed, description: 'Empty in cookie mode.' },
)
export const LogoutRequest = RenewRequest

export const SessionView = Type.Object(
  {
    id: Id,
    current: Type.Boolean({ description: 'The session of the token that asks.' }),
    device: Type.Union([Type.String(), Type.Null()]),
    userAgent: Type.Union([Type.String(), Type.Null()]),
    address: Type.Union([Type.String(), Type.Null()]),
    createdAt: Timestamp,
    renewedAt: Type.Union([Timestamp, Type.Null()]),
    expiresAt: Timestamp,
  },
  { $id: 'SessionView' },
)
export type SessionView = Static<typeof SessionView>
export const SessionList = Type.Object({ sessions: Type.Array(SessionView) })

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

export const PasswordChange = Type.Object(
  {
    currentPassword: Password,
    newPassword: Password,
    endOthers: Type.Optional(Type.Boolean({ default: true, description: 'End my other sessions.' })),
  },
  closed,
)
export type PasswordChange = Static<typeof PasswordChange>

/** What an ordinary person is told of a revocation: whether it is in force everywhere, not the names of guards. */
export const InForce = Type.Object(
  {
    sessionsEnded: Type.Integer({ description: 'How many sessions this call ended.' }),
    inForce: Type.Boolean({ description: 'True: no resource service accepts a covered token any more.' }),
    waitedMs: Type.Integer(),
  },
  { $id: 'InForce' },
)
export type InForce = Static<typeof InForce>
