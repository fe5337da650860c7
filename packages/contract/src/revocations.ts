/** Schemas of the calls that revoke sessions, and of their receipts. */
import { type Static, Type } from 'typebox'
import { entryKinds, keyEffects, revocationEffects } from './feed.ts'
import { closed, nextCursor, orNull, pageQuery, reasonField, Timestamp } from './fields.ts'
import { Id } from './sessions.ts'

/** Schema of one guard in a receipt. */
export const GuardReceipt = Type.Object({
  guard: Id,
  name: Type.String(),
  acknowledgedAt: orNull(Timestamp),
  leaseEndedAt: orNull(Timestamp, {
    description:
      'The guard did not acknowledge, so the call waited until its lease had ended. In force with neither time: the guard has left the feed.',
  }),
})
export type GuardReceipt = Static<typeof GuardReceipt>

const revoked = {
  seq: Type.Integer({ minimum: 0 }),
  kind: Type.Enum([...entryKinds]),
  subject: orNull(Type.String(), {
    description: 'The id of the session, account or key; null for several sessions and for all.',
  }),
  effect: Type.Enum([...revocationEffects, ...keyEffects]),
  sessionsEnded: Type.Integer({ description: 'The number of sessions that the revocation ended.' }),
  inForce: Type.Boolean(),
  waitedMs: Type.Integer(),
}

/** Schema of a receipt: whether a revocation is in force, and when each guard acknowledged it. */
export const Receipt = Type.Object({ ...revoked, guards: Type.Array(GuardReceipt) }, { $id: 'Receipt' })
export type Receipt = Static<typeof Receipt>
export const ReceiptRef = Type.Unsafe<Receipt>({ $ref: 'Receipt#' })

/** Schema of a request that only gives a reason. */
export const Reason = Type.Object(reasonField, closed)

/**
 * Schema of `POST /admin/sessions/end-all`. It must name what it does, so that it is not sent by
 * accident.
 */
export const EndAllRequest = Type.Object({ confirm: Type.Literal('end every session'), ...reasonField }, closed)

/** Schema of the guards that follow the feed. */
export const GuardList = Type.Object({
  head: Type.Integer({ description: 'The number of the newest revocation.' }),
  heldUntil: orNull(Timestamp, {
    description:
      'After a fail-over of the database: no revocation is in force before, since guards may hold leases that the new primary does not know.',
  }),
  leaseMs: Type.Integer({
    description: 'LEASE_MS. A guard that polls as it should always has more than half of it left.',
  }),
  guards: Type.Array(
    Type.Object({
      guard: Id,
      name: Type.String(),
      version: Type.String(),
      openStreams: orNull(Type.Integer(), {
        description:
          'Open streams and sockets at its last poll, of all sessions; null from a guard that does not report them.',
      }),
      cursor: Type.Integer({ description: 'The guard has applied every revocation up to here.' }),
      lag: Type.Integer({ description: 'The number of revocations that the guard has not applied yet.' }),
      leaseLeftMs: Type.Integer(),
      lastSeenAt: Timestamp,
    }),
  ),
})
export type GuardList = Static<typeof GuardList>

/** Schema of the data of an event about a revocation. Only the last event of a stream is in force. */
export const ReceiptEvent = Type.Object({
  ...revoked,
  guards: Type.Array(
    Type.Object({
      ...GuardReceipt.properties,
      leaseLeftMs: orNull(
        Type.Integer({ description: 'How long the revocation may still wait for this guard; null when it does not.' }),
      ),
    }),
  ),
})
export type ReceiptEvent = Static<typeof ReceiptEvent>

/** Schema of the page of the list of revocations. */
export const RevocationQuery = Type.Object(pageQuery, closed)

/** Schema of a revocation in the list. */
export const RevocationView = Type.Object({
  seq: Type.Integer(),
  at: Timestamp,
  actor: orNull(Type.String()),
  action: Type.String({ examples: ['user.disable'] }),
  target: orNull(Type.String()),
  reason: orNull(Type.String()),
  kind: orNull(Type.Enum([...entryKinds])),
  subject: orNull(Type.String()),
  effect: orNull(Type.Enum([...revocationEffects, ...keyEffects])),
  sessionsEnded: Type.Integer(),
  inForce: Type.Boolean({ description: 'True once a receipt is stored.' }),
  waitedMs: orNull(Type.Integer()),
  guards: orNull(Type.Integer({ description: 'The number of guards in the receipt.' })),
  slowest: orNull(Type.Object({ name: Type.String(), afterMs: Type.Integer() })),
})
export type RevocationView = Static<typeof RevocationView>
/** Schema of one page of the list of revocations. */
export const RevocationPage = Type.Object({
  revocations: Type.Array(RevocationView),
  ...nextCursor,
})
export type RevocationPage = Static<typeof RevocationPage>
