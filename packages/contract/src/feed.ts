/** The messages between guards and the feed of revocations. */
import { type Static, Type } from 'typebox'

export const entryKinds = ['session', 'user', 'global'] as const
export type EntryKind = (typeof entryKinds)[number]

/** `ended` answers `session-ended`, `forbidden` answers `account-disabled`, `superseded` answers `token-expired`: renew and go on. */
export const revocationEffects = ['ended', 'forbidden', 'superseded'] as const
export type RevocationEffect = (typeof revocationEffects)[number]

const Uuid = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' })
const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

export const Entry = Type.Object({
  seq: Seq,
  kind: Type.Enum([...entryKinds]),
  subject: Type.Union([Uuid, Type.Null()]),
  epoch: Type.Union([Type.Integer(), Type.Null()]),
  effect: Type.Enum([...revocationEffects]),
  expiresAtMs: Type.Integer({ description: 'When every token that it covers has expired, in ms since 1970.' }),
})

/** One revocation, as guards hold it. */
export interface Entry {
  seq: number
  kind: EntryKind
  /** The session or the account; null for everyone. */
  subject: string | null
  /** Tokens below it are covered; null for a session. */
  epoch: number | null
  effect: RevocationEffect
  /** When every token that it covers has expired, in milliseconds since 1970. */
  expiresAtMs: number
}

export const PollRequest = Type.Object(
  {
    guard: Type.Unsafe<string>({ ...Uuid, description: 'The id of this process, new at every boot.' }),
    name: Type.String({ minLength: 1, maxLength: 100, examples: ['warehouse-1'] }),
    version: Type.String({ minLength: 1, maxLength: 50, examples: ['1.4.0'] }),
    feedId: Type.Optional(Uuid),
    after: Type.Optional(
      Type.Unsafe<number>({ ...Seq, description: 'Every entry up to here is applied. Absent: send all that live.' }),
    ),
  },
  { additionalProperties: false, dependencies: { after: ['feedId'], feedId: ['after'] } },
)
export type PollRequest = Static<typeof PollRequest>

export const PollResponse = Type.Object({
  feedId: Uuid,
  head: Seq,
  leaseMs: Type.Integer({ minimum: 0, description: 'Counted from before the poll was sent; 0 is no lease.' }),
  entries: Type.Array(Entry),
  more: Type.Boolean({ description: 'There are further pages: poll again at once, after the last entry.' }),
})
export interface PollResponse {
  feedId: string
  head: number
  leaseMs: number
  entries: Entry[]
  more: boolean
}

export const LeaveRequest = Type.Object({ guard: Uuid }, { additionalProperties: false })
