/** One sentence on the state of the guards; red only when an operator should act. */
import type { GuardList } from '@gatehouse/contract'
import { plural } from '../../format.ts'
import { AlertIcon, ShieldIcon } from '../../ui/icons.tsx'

/** A healthy guard renews its lease at least every five seconds. */
export const lateMs = 9000

export function Health({ guards }: { guards: GuardList | undefined }) {
  if (guards === undefined) return <div class="note skeleton health" />
  const { guards: live } = guards
  const late = live.filter(({ leaseLeftMs }) => leaseLeftMs < lateMs)
  const behind = live.filter(({ lag }) => lag > 0)
  if (live.length === 0) {
    return (
      <div class="note warn health" role="status">
        <AlertIcon />
        <div>
          <strong>No guard follows the feed.</strong> No resource service is running, or none reaches the auth service.
          Check its log and its service client.
        </div>
      </div>
    )
  }
  if (late.length > 0) {
    return (
      <div class="note danger health" role="alert">
        <AlertIcon />
        <div>
          <strong>
            {late.map(({ name }) => name).join(', ')} {late.length === 1 ? 'does' : 'do'} not renew the lease.
          </strong>{' '}
          When it ends, the service answers 503 until it reaches the auth service again. Revocations wait for it until
          then.
        </div>
      </div>
    )
  }
  return (
    <div class="note good health" role="status">
      <ShieldIcon />
      <div>
        <strong>{plural(live.length, 'guard')} up to date.</strong>{' '}
        {behind.length > 0
          ? 'A revocation is on its way.'
          : 'A revocation is in force everywhere when its call returns.'}
      </div>
    </div>
  )
}
