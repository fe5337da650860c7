/** Changes the password of the user, and ends the other sessions unless the user keeps them. */
import type { InForce } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { call } from '../api.ts'
import { plural } from '../format.ts'
import { Checkbox, Field, NewPassword } from '../ui/Field.tsx'
import { Form, type Values } from '../ui/Form.tsx'

export function PasswordForm({ email, onChanged }: { email: string | undefined; onChanged: () => void }) {
  const [notice, setNotice] = useState('')
  const change = async ({ currentPassword, newPassword, endOthers }: Values, form: HTMLFormElement) => {
    setNotice('')
    const body = { currentPassword, newPassword, endOthers: !!endOthers }
    const headers = { prefer: 'wait=5', 'idempotency-key': crypto.randomUUID() }
    const { data } = await call<InForce>('me/password', { method: 'PUT', body, headers })
    const ended = data.sessionsEnded > 0 && `${plural(data.sessionsEnded, 'other session')} ended.`
    setNotice(`The password was changed. ${ended || ''}`)
    form.reset()
    onChanged()
  }
  return (
    <section>
      <h2>Password</h2>
      <Form class="card pad" button="Change password" onSubmit={change}>
        {error => (
          <>
            <div role="status" class="notice">
              {notice}
            </div>
            {/* Password managers store the new password for this account. */}
            <input hidden autocomplete="username" value={email} />
            <Field
              label="Current password"
              type="password"
              name="currentPassword"
              autocomplete="current-password"
              required
              error={error}
            />
            <NewPassword error={error} />
            <Checkbox name="endOthers" label="End my other sessions" />
          </>
        )}
      </Form>
    </section>
  )
}
