/** The top of the pages for users: the account, and the way out. */
import { client } from '../session.ts'

export function TopBar({ email = ' ' }: { email: string | undefined }) {
  return (
    <header class="topbar">
      <span class="mark small" />
      <span class="grow ellipsis" dir="auto">
        {email}
      </span>
      <button type="button" class="button plain" onClick={() => client.signOut()}>
        Log out
      </button>
    </header>
  )
}
