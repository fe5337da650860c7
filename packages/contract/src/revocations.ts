/** Requests and answers of the calls that revoke. */
import { type Static, Type } from 'typebox'
import { entryKinds, revocationEffects } from './feed.ts'
import { Id } from './sessions.ts'

const Timestamp = Type.String({ format: 'date-time' })

export const GuardReceipt = Type.Object({
  guard: Id,
  name: Type.String(),
  acknowledgedAt: Type.Union([Timestamp, Type.Null()]),
  leaseEndedAt: Type.Union([Timestamp, Type.Null()], {
    description:
      'It did not answer, so the call waited until it could decide nothing any more. In force and neither of the two: it stopped serving, and said so.',
  }),
})
export type GuardReceipt = Static<typeof GuardReceipt>

/** What an admin is told: whether the revocation is in force, and how every guard came to know. */
export const Receipt = Type.Object(
  {
    seq: Type.Integer({ minimum: 0 }),
    kind: Type.Enum([...entryKinds]),
    subject: Type.Union([Id, Type.Null()]),
    effect: Type.Enum([...revocationEffects]),
    sessionsEnded: Type.Integer({ description: 'How many sessions it ended.' }),
    inForce: Type.Boolean(),
    waitedMs: Type.Integer(),
    guards: Type.Array(GuardReceipt),
  },
  { $id: 'Receipt' },
)
export type Receipt = Static<typeof Receipt>
export const ReceiptRef = Type.Unsafe<Receipt>({ $ref: 'Receipt#' })

export const Reason = Type.Object(
  { reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, examples: ['laptop stolen'] })) },
  { additionalProperties: false },
)

/** The break-glass call names what it does, so that nobody sends it by accident. */
export const EndAllRequest = Type.Object(
  {
    confirm: Type.Literal('end every session'),
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, examples: ['laptop stolen'] })),
  },
  { additionalProperties: false },
)

export const GuardList = Type.Object({
  head: Type.Integer({ description: 'The newest revocation.' }),
  guards: Type.Array(
    Type.Object({
      guard: Id,
      name: Type.String(),
      version: Type.String(),
      cursor: Type.Integer({ description: 'It holds every revocation up to here.' }),
      lag: Type.Integer({ description: 'How many it does not hold yet.' }),
      leaseLeftMs: Type.Integer(),
      lastSeenAt: Timestamp,
    }),
  ),
})
