/** The state of an account, in words. */
import type { UserView } from '@gatehouse/contract'

export function StatePill({ user }: { user: Pick<UserView, 'state' | 'mustChangePassword'> }) {
  if (user.state === 'disabled') return <span class="pill bad">disabled</span>
  if (user.mustChangePassword) return <span class="pill warn">new password required</span>
  return <span class="pill ok">active</span>
}
