/** The messages between a guard and the revocation feed of the auth service. */
import { type Static, Type } from 'typebox'

/**
 * What an entry covers: one session, all sessions of one account, all sessions, or a key that signs
 * access tokens.
 */
export const entryKinds = ['session', 'user', 'global', 'key'] as const
export type EntryKind = (typeof entryKinds)[number]

/**
 * What a guard answers for a covered token: `ended` is `session-ended`, `forbidden` is
 * `account-disabled`, and `superseded` is `token-expired`, after which the client renews.
 */
export const revocationEffects = ['ended', 'forbidden', 'superseded'] as const
export type RevocationEffect = (typeof revocationEffects)[number]

/**
 * What an entry does to a key: from `announced` on the guard verifies tokens with it, and from
 * `withdrawn` on the guard refuses every token that it signed, whatever other source still lists it.
 */
export const keyEffects = ['announced', 'withdrawn'] as const
export type KeyEffect = (typeof keyEffects)[number]

const Uuid = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' })
const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** A public key as a JWK (RFC 7517). A withdrawn key has no member but its id. */
export interface FeedKey {
  /** The key id, which tokens name in their header: the thumbprint of the key (RFC 7638). */
  kid: string
  [member: string]: string
}

const FeedKey = Type.Unsafe<FeedKey>(
  Type.Object({ kid: Type.String() }, { additionalProperties: Type.String(), description: 'A JWK (RFC 7517).' }),
)

/** One entry of the feed. */
export type Entry = RevocationEntry | KeyEntry

/**
 * The announcement or withdrawal of a key, as the feed sends it. Neither expires: a key that leaked
 * can sign tokens for ever, so guards remember that it is withdrawn.
 */
export interface KeyEntry {
  /** Its position in the feed, among the revocations. */
  seq: number
  kind: 'key'
  subject: null
  epoch: null
  effect: KeyEffect
  expiresAtMs: number
  key: FeedKey
}

/** One revocation, as the feed sends it and guards store it. */
export interface RevocationEntry {
  /** Its position in the feed. Entries are numbered without gaps, in the order of their commits. */
  seq: number
  kind: Exclude<EntryKind, 'key'>
  /** The id of the session or account; null for a global entry. */
  subject: string | null
  /** Tokens with a lower epoch are covered; null for a session. */
  epoch: number | null
  effect: RevocationEffect
  /**
   * The time at which every covered token has expired, in milliseconds since 1970. Guards then
   * remove the entry.
   */
  expiresAtMs: number
}

/** Schema of one entry in a response of the feed. */
export const Entry = Type.Unsafe<Entry>(
  Type.Union([
    Type.Object({
      seq: Seq,
      kind: Type.Enum(entryKinds.filter(kind => kind !== 'key')),
      subject: Type.Union([Uuid, Type.Null()]),
      epoch: Type.Union([Type.Integer(), Type.Null()]),
      effect: Type.Enum([...revocationEffects]),
      expiresAtMs: Type.Integer({
        description: 'The time at which every covered token has expired, in ms since 1970.',
      }),
    }),
    Type.Object({
      seq: Seq,
      kind: Type.Literal('key'),
      subject: Type.Null(),
      epoch: Type.Null(),
      effect: Type.Enum([...keyEffects]),
      expiresAtMs: Type.Integer({ description: 'Has no meaning: the entry never expires.' }),
      key: FeedKey,
    }),
  ]),
)

/**
 * Schema of `POST /guards/poll`: it acknowledges the entries up to `after` and requests those
 * beyond.
 */
export const PollRequest = Type.Object(
  {
    guard: Type.Unsafe<string>({ ...Uuid, description: 'The id of the guard, new at every start.' }),
    name: Type.String({ minLength: 1, maxLength: 100, examples: ['warehouse-1'] }),
    version: Type.String({ minLength: 1, maxLength: 50, examples: ['1.4.0'] }),
    openStreams: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_147_483_647,
        description: 'Streams that the guard would close; for operators.',
      }),
    ),
    feedId: Type.Optional(Uuid),
    after: Type.Optional(
      Type.Unsafe<number>({
        ...Seq,
        description: 'The guard has applied every entry up to here. Absent: send all unexpired entries.',
      }),
    ),
  },
  { additionalProperties: false, dependencies: { after: ['feedId'], feedId: ['after'] } },
)
export type PollRequest = Static<typeof PollRequest>

/**
 * Schema of the header of a poll. The response repeats `Poll-Id`, so a guard recognises the response
 * to another request: a proxy that has confused two responses could otherwise extend its lease. It
 * is no member of the body, since release 0.1.0 refuses bodies with unknown members.
 */
export const PollHeaders = Type.Object({
  'poll-id': Type.Optional(
    Type.Unsafe<string>({ ...Uuid, description: 'Random, new for each poll. The response repeats it.' }),
  ),
})

/** Schema of the response to a poll. */
export const PollResponse = Type.Object({
  feedId: Uuid,
  head: Seq,
  dbNowMs: Type.Number({ minimum: 0, description: "The database's time of this response, in ms since 1970." }),
  maxToleranceMs: Type.Number({
    minimum: 0,
    description: 'The maximum clock tolerance of a guard in milliseconds; a guard with a larger one refuses to decide.',
  }),
  issuer: Type.Optional(
    Type.String({ description: 'The `iss` of the tokens that the feed covers. Sent with the first page only.' }),
  ),
  leaseMs: Type.Integer({
    minimum: 0,
    description: 'The duration of the lease, counted from before the poll was sent; 0 grants no lease.',
  }),
  entries: Type.Array(Entry),
  more: Type.Boolean({ description: 'True: there are further pages; poll again at once.' }),
})
/** The response to a poll. */
export interface PollResponse {
  feedId: string
  /** The number of the newest entry. */
  head: number
  /**
   * The database's time of this response, in milliseconds since 1970. Guards take their time from
   * it.
   */
  dbNowMs: number
  /**
   * The maximum clock tolerance of a guard, in milliseconds. The feed stops sending an entry this
   * long after every covered token has expired, so a guard that accepts tokens for longer could
   * accept a revoked one.
   */
  maxToleranceMs: number
  /** The `iss` of the tokens that the feed covers. Sent with the first page only. */
  issuer?: string
  /**
   * The duration of the lease in milliseconds, counted from before the poll was sent; 0 grants no
   * lease.
   */
  leaseMs: number
  entries: Entry[]
  /** True: there are further pages; poll again at once. */
  more: boolean
}

/** Schema of `POST /guards/leave`: the guard stops serving, so no revocation waits for it. */
export const LeaveRequest = Type.Object({ guard: Uuid }, { additionalProperties: false })
