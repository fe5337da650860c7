/** Schemas of the calls by which admins manage the keys that sign access tokens. */
import { type Static, Type } from 'typebox'
import { algorithms } from './claims.ts'
import { closed, orNull, reasonField, Timestamp } from './fields.ts'
import { ReceiptRef } from './revocations.ts'
import { Id } from './sessions.ts'

/** Schema of a key id: the thumbprint of the key (RFC 7638). */
export const KeyId = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })

/** The states of a key, in the order in which it passes through them. */
export const keyStates = ['announced', 'active', 'retired', 'withdrawn'] as const
export type KeyState = (typeof keyStates)[number]

/** Schema of a key as admins see it. */
export const KeyView = Type.Object(
  {
    kid: KeyId,
    algorithm: Type.Enum([...algorithms]),
    state: Type.Enum([...keyStates], {
      description:
        'announced: guards verify with it; active: it signs; retired: it signed before; withdrawn: its tokens are refused.',
    }),
    stored: Type.Enum(['database', 'file', 'none'], {
      description:
        'Where the replica that answers finds the private key: encrypted in the database, in SIGNING_KEY, or nowhere.',
    }),
    announcedAt: Timestamp,
    activatedAt: orNull(Timestamp),
    retiredAt: orNull(Timestamp),
    withdrawnAt: orNull(Timestamp),
    guards: Type.Array(
      Type.Object({
        guard: Id,
        name: Type.String(),
        holds: Type.Boolean({ description: 'The guard has applied the announcement, or the withdrawal.' }),
      }),
    ),
  },
  { $id: 'KeyView' },
)
export type KeyView = Static<typeof KeyView>
const KeyViewRef = Type.Unsafe<KeyView>({ $ref: 'KeyView#' })

/** Schema of `GET /admin/keys`. */
export const KeyList = Type.Object({ keys: Type.Array(KeyViewRef) })
export type KeyList = Static<typeof KeyList>

/** Schema of `POST /admin/keys`. */
export const NewKeyRequest = Type.Object(
  { algorithm: Type.Optional(Type.Enum([...algorithms])), ...reasonField },
  closed,
)

/** Schema of the response to an announcement: in force once every live guard holds the key. */
export const KeyAnnounced = Type.Object({ key: KeyViewRef, announcement: ReceiptRef })
export type KeyAnnounced = Static<typeof KeyAnnounced>

/** Schema of the response to an activation. */
export const KeyActivated = Type.Object({ key: KeyViewRef })
