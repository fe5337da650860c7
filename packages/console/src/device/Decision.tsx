/** Which device asks for what, and the two answers. */
import type { WaitingDevice } from '@gatehouse/contract'
import { Problem } from '../ui/Problem.tsx'
import { Time } from '../ui/Time.tsx'

export interface DecisionProps {
  userCode: string
  device: WaitingDevice
  /** The account that the device will act for. */
  email: string | undefined
  isBusy: boolean
  error: unknown
  onApprove: () => void
  onDeny: () => void
}

export function Decision({ userCode, device, email, isBusy, error, onApprove, onDeny }: DecisionProps) {
  const { client, scopes, audience, expiresAt } = device
  return (
    <div class="card pad steps">
      <Problem error={error} />
      <p>
        <strong class="break">
          <bdi>{client}</bdi>
        </strong>{' '}
        asks for access to the account <bdi class="break">{email}</bdi>. Approve only if the device in front of you
        shows this code:
      </p>
      <p class="figure mono break">{userCode.toUpperCase()}</p>
      <dl class="facts">
        <dt>Scopes</dt>
        <dd class="row wrap">
          {scopes.map(scope => (
            <span key={scope} class="pill">
              {scope}
            </span>
          ))}
          {scopes.length === 0 && <span class="muted">none: it only learns which account you use</span>}
        </dd>
        <dt>Audience</dt>
        <dd class="break">{audience}</dd>
        <dt>Code ends</dt>
        <dd>
          <Time at={expiresAt} />
        </dd>
      </dl>
      <footer>
        <button type="button" class="button" disabled={isBusy} onClick={onDeny}>
          Deny
        </button>
        <button type="button" class="button primary" disabled={isBusy} onClick={onApprove}>
          Approve
        </button>
      </footer>
    </div>
  )
}
