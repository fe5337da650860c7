/** The keys that sign tokens: a key is announced, activated, and withdrawn after another has replaced it. */
import type { KeyEntry } from '@gatehouse/contract'
import type { RevocationIndex } from '../src/index.ts'
import type { Statement } from './database.ts'
import type { Tables } from './tables.ts'

export type KeyState = 'announced' | 'active' | 'retired' | 'withdrawn'

/** Guards know it without the feed, as from a file. */
export const firstKey = 'k0'

/** Withdraws a retired key if there is one, and announces a new key otherwise. */
export function changeKey(tables: Tables): Omit<KeyEntry, 'seq'> {
  const common = { kind: 'key', subject: null, epoch: null, expiresAtMs: Number.MAX_SAFE_INTEGER } as const
  const [retired] = [...tables.keys].find(([, state]) => state === 'retired') ?? []
  if (retired !== undefined) {
    tables.keys.set(retired, 'withdrawn')
    // New guards need only the withdrawal.
    tables.entries = tables.entries.filter(entry => entry.kind !== 'key' || entry.key.kid !== retired)
    return { ...common, effect: 'withdrawn', key: { kid: retired } }
  }
  const kid = `k${tables.head}`
  tables.keys.set(kid, 'announced')
  return { ...common, effect: 'announced', key: { kid } }
}

/** The key signs from now on, unless another replica has changed it meanwhile. */
export function activateKey(kid: string): Statement<void> {
  return tables => {
    if (tables.keys.get(kid) !== 'announced') return
    tables.keys.set(tables.activeKey, 'retired')
    tables.keys.set(kid, 'active')
    tables.activeKey = kid
  }
}

/** Whether a guard with these entries verifies tokens of the key. */
export function holdsKey({ keys }: RevocationIndex, kid: string): boolean {
  return (keys.get(kid)?.effect ?? (kid === firstKey ? 'announced' : 'withdrawn')) === 'announced'
}
