/** Which device asks for what, and the two answers. */
import type { WaitingDevice } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { AlertIcon } from '../ui/icons.tsx'
import { Pills } from '../ui/Pills.tsx'
import { Problem } from '../ui/Problem.tsx'
import { Time } from '../ui/Time.tsx'

export interface DecisionProps {
  userCode: string
  device: WaitingDevice
  /** The account that the device will act for. */
  email: string | undefined
  onDecide: (isApproved: boolean) => Promise<void>
}

export function Decision({ userCode, device, email, onDecide }: DecisionProps) {
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const decide = async (isApproved: boolean) => {
    setBusy(true)
    await onDecide(isApproved).catch(setError)
    setBusy(false)
  }
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
            <dd>
              <Pills names={roles} otherwise="none" />
            </dd>
          </>
        )}
        <dt>Scopes</dt>
        <dd>
          <Pills names={scopes} otherwise={isLogin ? 'none' : 'none: it only learns which account you use'} />
        </dd>
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
        <button type="button" class="button" disabled={isBusy} onClick={() => decide(false)}>
          Deny
        </button>
        <button type="button" class="button primary" disabled={isBusy} onClick={() => decide(true)}>
          Approve
        </button>
      </footer>
    </div>
  )
}
