/** Which device asks for what, and the two answers. */
import type { WaitingDevice } from '@gatehouse/contract'
import { AlertIcon } from '../ui/icons.tsx'
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
  const { client, isLogin, roles, scopes, audience, address, expiresAt } = device
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
      {isLogin && (
        <div class="note danger" role="note">
          <AlertIcon />
          <div>
            <strong>This logs a command line in as you, with every right of your account.</strong> Approve only if you
            have just run <code>gatehouse login --device</code> yourself. If this code came to you in a message or a
            call, deny it.
          </div>
        </div>
      )}
      <dl class="facts">
        {isLogin && (
          <>
            <dt>Roles</dt>
            <Pills names={roles} otherwise="none" />
          </>
        )}
        <dt>Scopes</dt>
        <Pills names={scopes} otherwise={isLogin ? 'none' : 'none: it only learns which account you use'} />
        <dt>Audience</dt>
        <dd class="break">{audience}</dd>
        <dt>Began at address</dt>
        <dd class="break">{address ?? 'an unknown address'}</dd>
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

function Pills({ names, otherwise }: { names: readonly string[]; otherwise: string }) {
  return (
    <dd class="row wrap">
      {names.map(name => (
        <span key={name} class="pill">
          {name}
        </span>
      ))}
      {names.length === 0 && <span class="muted">{otherwise}</span>}
    </dd>
  )
}
