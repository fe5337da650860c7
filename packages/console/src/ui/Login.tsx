/** Logs in. A password that must change is changed in the same form. */
import { isProblem } from '@gatehouse/client'
import { useState } from 'preact/hooks'
import { client, farewell, session } from '../session.ts'
import { endedText } from '../texts.ts'
import { Field } from './Field.tsx'
import { AlertIcon, CheckIcon, GateIcon } from './icons.tsx'
import { Problem } from './Problem.tsx'

/** The rules of new passwords in a sentence; the service names each broken rule. */
const rules = 'At least 15 characters that are hard to guess. A few random words are good.'

export function Login({ title }: { title: string }) {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [newPassword, setNewPassword] = useState('')
  const [remember, setRemember] = useState(true)
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const [mustChange, setMustChange] = useState(false)

  const { endedBy } = session.use()
  const receipt = farewell.use()
  const ended = endedBy && error === undefined ? endedText(endedBy) : undefined

  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      await client.signIn({ email, password, remember, ...(mustChange ? { newPassword } : {}) })
    } catch (failure) {
      if (isProblem(failure, 'password-change-required')) setMustChange(true)
      setError(failure)
      setBusy(false)
    }
  }

  return (
    <main class="login">
      <form onSubmit={submit}>
        <div class="mark">
          <GateIcon size={26} />
        </div>
        <h1>{title}</h1>
        {ended && (
          <div class="note" role="status">
            <AlertIcon />
            <div>
              <strong>{ended.title}</strong> {ended.next}
            </div>
          </div>
        )}
        {receipt && (
          <div class="note good" role="status">
            <CheckIcon />
            <div>{receipt}</div>
          </div>
        )}
        <Problem error={error} />
        <Field
          label="E-mail address"
          type="email"
          name="email"
          autocomplete="username"
          required
          autofocus
          value={email}
          onText={setEmail}
        />
        <Field
          label={mustChange ? 'Current password or reset code' : 'Password'}
          type="password"
          name="password"
          autocomplete="current-password"
          required
          value={password}
          onText={setPassword}
        />
        {mustChange && (
          <Field
            label="New password"
            type="password"
            name="newPassword"
            autocomplete="new-password"
            required
            hint={rules}
            value={newPassword}
            onText={setNewPassword}
          />
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={remember}
            onChange={({ currentTarget }) => setRemember(currentTarget.checked)}
          />
          Keep me signed in on this device
        </label>
        <button type="submit" class="button primary wide" disabled={isBusy}>
          {isBusy ? 'Logging in…' : mustChange ? 'Set password and log in' : 'Log in'}
        </button>
      </form>
    </main>
  )
}
