/**
 * The keys that this replica signs and verifies with. The database says which key is in which state;
 * private keys come from SIGNING_KEY or, encrypted, from the database.
 */
import type { Clock } from '@gatehouse/clock'
import { type Algorithm, type FeedKey, ProblemError } from '@gatehouse/contract'
import { type Keys, keyFromPem, type PublicKey } from '@gatehouse/guard'
import type { PrismaClient } from '../database/database.ts'
import { listSigningKeys, type StoredKey } from '../store/signingKeys.ts'
import type { KeyEncryption } from './keyEncryption.ts'
import { registerKeys } from './registerKeys.ts'
import { type KeyMaterial, publicJwk } from './signingKeys.ts'
import { jwtSigner, type SignJwt } from './signJwt.ts'

export interface KeyStore {
  /** @throws ProblemError `unavailable` when this replica lacks the active private key */
  sign: SignJwt
  /** For verifiers. */
  keys: Keys
  /** The key set (RFC 7517 section 5): every key that is not withdrawn. */
  published: () => Promise<FeedKey[]>
  /** Whether this replica holds the private key. */
  canSign: (key: StoredKey) => boolean
  /** @throws ProblemError `unavailable` while this replica cannot sign */
  assertReady: () => Promise<void>
  /** Reads the keys again, because one changed. */
  wake: () => void
}

export interface KeyStoreOptions {
  db: PrismaClient
  /** The keys of SIGNING_KEY. */
  files: readonly KeyMaterial[]
  /** Null without KEY_ENCRYPTION_KEYS. */
  encryption: KeyEncryption | null
  algorithm: Algorithm
  clock: Clock
  onError: (error: unknown) => void
}

/** Replicas are notified of every change; a lost notification costs this time. */
const rereadMs = 30_000

interface KeyView {
  stored: readonly StoredKey[]
  byKid: ReadonlyMap<string, PublicKey>
  /** Undefined when this replica lacks the private key of the active key. */
  sign: SignJwt | undefined
  atMs: number
}

export function createKeyStore(options: KeyStoreOptions): KeyStore {
  const { db, files, encryption, clock, onError } = options
  let view: KeyView | undefined
  let pending: Promise<KeyView> | undefined

  const privateKeyOf = ({ kid, sealedPrivateKey }: StoredKey) =>
    files.find(key => key.kid === kid)?.privateKey ??
    (sealedPrivateKey === null ? undefined : encryption?.open(sealedPrivateKey, kid))

  const readView = async (): Promise<KeyView> => {
    const stored = view === undefined ? await registerKeys(options) : await listSigningKeys(db)
    const active = stored.find(({ state }) => state === 'active')
    const privateKey = active && privateKeyOf(active)
    const byKid = new Map(stored.map(key => [key.kid, publicKeyOf(key, view)]))
    const sign = active && privateKey && jwtSigner({ ...active, privateKey })
    return { stored, byKid, sign, atMs: clock.nowMs() }
  }
  const read = () => {
    pending ??= readView()
      .then(next => {
        view = next
        return next
      })
      .finally(() => {
        pending = undefined
      })
    return pending
  }
  const current = async (): Promise<KeyView> => {
    if (view === undefined) return read()
    if (clock.nowMs() - view.atMs > rereadMs) read().catch(onError)
    return view
  }
  const signOrThrow = async () => {
    const { sign, stored } = await current()
    if (sign !== undefined) return sign
    const kid = stored.find(({ state }) => state === 'active')?.kid
    throw new ProblemError('unavailable', `this replica lacks the private key of the active key ${kid}`)
  }

  return {
    sign: async claims => (await signOrThrow())(claims),
    keys: {
      find: kid => view?.byKid.get(kid),
      fetchKey: async kid => (await current()).byKid.get(kid),
      isLoaded: () => view !== undefined,
      start: async () => {},
      stop: async () => {},
    },
    published: async () =>
      (await current()).stored.filter(({ state }) => state !== 'withdrawn').map(key => publicJwk(key)),
    canSign: key => privateKeyOf(key) !== undefined,
    assertReady: async () => void (await signOrThrow()),
    wake: () => {
      if (view !== undefined) read().catch(onError)
    },
  }
}

/** A key keeps its object, since verifiers remember what they prepared for it. */
function publicKeyOf({ kid, algorithm, publicPem, state }: StoredKey, view: KeyView | undefined): PublicKey {
  const key = view?.byKid.get(kid) ?? keyFromPem(publicPem, { kid, algorithm })
  key.isWithdrawn = state === 'withdrawn'
  return key
}
