/** One sentence on the state of the guards; red only when an operator should act. */
import type { GuardList } from '@gatehouse/contract'
import { plural } from '../../format.ts'
import { AlertIcon, ShieldIcon } from '../../ui/icons.tsx'

/** LEASE_MS exceeds twice POLL_HOLD_MS, so a guard that polls as it should has more than half of its lease left. */
export function isLate(leaseLeftMs: number, leaseMs: number): boolean {
  return leaseLeftMs < leaseMs / 2
}

export function Health({ guards }: { guards: GuardList | undefined }) {
  if (guards === undefined) return <div class="note skeleton health" />
  const { guards: live, leaseMs } = guards
  const late = live.filter(({ leaseLeftMs }) => isLate(leaseLeftMs, leaseMs))
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
        {behind.length > 0 ? 'A revocation is on its way.' : 'Revocations get through.'}
      </div>
    </div>
  )
}
