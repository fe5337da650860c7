/** Who uses the console, and what the role permits. */
import type { Me } from '@gatehouse/contract'
import { createStore } from '../store.ts'

export const me = createStore<Me | undefined>(undefined)

/** For components: auditors see no buttons. */
export function useIsAdmin(): boolean {
  return me.use()?.roles.includes('admin') ?? false
}
