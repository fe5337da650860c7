/** Changes the password of the user, and ends the other sessions unless the user keeps them. */
import type { InForce } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { call } from '../api.ts'
import { fieldReason } from '../fieldReason.ts'
import { plural } from '../format.ts'
import { Field } from '../ui/Field.tsx'
import { Problem } from '../ui/Problem.tsx'

const empty = { currentPassword: '', newPassword: '' }

export function PasswordForm({ email, onChanged }: { email: string | undefined; onChanged: () => void }) {
  const [passwords, setPasswords] = useState(empty)
  const [endOthers, setEndOthers] = useState(true)
  const [notice, setNotice] = useState('')
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)

  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    setNotice('')
    try {
      const body = { ...passwords, endOthers }
      const { data } = await call<InForce>('me/password', {
        method: 'PUT',
        body,
        key: crypto.randomUUID(),
        waitSeconds: 5,
      })
      const ended = data.sessionsEnded > 0 ? ` ${plural(data.sessionsEnded, 'other session')} ended.` : ''
      setNotice(`The password was changed.${ended}`)
      setPasswords(empty)
      onChanged()
    } catch (failure) {
      setError(failure)
    }
    setBusy(false)
  }

  return (
    <section>
      <h2>Password</h2>
      <form class="card pad" onSubmit={submit}>
        <Problem error={error} />
        <div role="status" class="notice">
          {notice}
        </div>
        <div class="hidden" aria-hidden="true">
          <input type="email" autocomplete="username" value={email} readOnly tabIndex={-1} />
        </div>
        <Field
          label="Current password"
          type="password"
          autocomplete="current-password"
          required
          value={passwords.currentPassword}
          error={fieldReason(error, 'currentPassword')}
          onText={currentPassword => setPasswords({ ...passwords, currentPassword })}
        />
        <Field
          label="New password"
          type="password"
          autocomplete="new-password"
          required
          hint="At least 15 characters that are hard to guess. A few random words are good."
          value={passwords.newPassword}
          error={fieldReason(error, 'newPassword')}
          onText={newPassword => setPasswords({ ...passwords, newPassword })}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={endOthers}
            onChange={({ currentTarget }) => setEndOthers(currentTarget.checked)}
          />
          End my other sessions
        </label>
        <footer>
          <button type="submit" class="button primary" disabled={isBusy}>
            {isBusy ? 'Changing…' : 'Change password'}
          </button>
        </footer>
      </form>
    </section>
  )
}
