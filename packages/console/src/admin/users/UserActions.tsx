/** What an admin can do with an account. */
import type { UserDetail } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { Dialog } from '../../ui/Dialog.tsx'
import { Menu } from '../../ui/Menu.tsx'
import { begin } from '../drawer/action.ts'
import { me } from '../me.ts'
import { RightsForm } from './RightsForm.tsx'
import { type Seen, type UserActionName, userAction } from './userAction.tsx'

export interface UserActionsProps {
  detail: UserDetail
  etag: string | null | undefined
  onDone: () => void
}

export function UserActions({ detail, etag, onDone }: UserActionsProps) {
  const { user } = detail
  const [hasRights, setRights] = useState(false)
  const seen: Seen = { user, etag, isOwn: user.id === me.use()?.id }
  const start = (name: UserActionName) => begin(userAction(name, seen, onDone))
  return (
    <div class="row wrap">
      <button type="button" class="button" disabled={user.sessions === 0} onClick={() => start('endSessions')}>
        End all sessions
      </button>
      {user.state === 'active' ? (
        <button type="button" class="button danger" onClick={() => start('disable')}>
          Disable
        </button>
      ) : (
        <button type="button" class="button" onClick={() => start('enable')}>
          Enable
        </button>
      )}
      <Menu label="More">
        <button type="button" onClick={() => setRights(true)}>
          Change roles and scopes
        </button>
        <button type="button" onClick={() => start('forceChange')}>
          Require a new password
        </button>
        <button type="button" onClick={() => start('resetCode')}>
          Issue a reset code
        </button>
        <button type="button" class="bad" onClick={() => start('remove')}>
          Delete the account
        </button>
      </Menu>
      {hasRights && (
        <Dialog title="Roles and scopes" kind="drawer" onClose={() => setRights(false)}>
          <RightsForm
            seen={seen}
            onSubmit={action => {
              setRights(false)
              begin({ ...action, onDone })
            }}
          />
        </Dialog>
      )}
    </div>
  )
}
