/** The dialog that asks for the password before an act that wants a recent log-in. */
import { reauthenticate } from '@gatehouse/client/reauthenticate'
import { useState } from 'preact/hooks'
import { client, passwordRequest } from '../session.ts'
import { Dialog } from './Dialog.tsx'
import { Field } from './Field.tsx'
import { Problem } from './Problem.tsx'
import { SubmitFooter } from './SubmitFooter.tsx'

export function Reauthenticate() {
  const [password, setPassword] = useState('')
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const request = passwordRequest.use()
  if (request === undefined) return null

  const close = (isConfirmed: boolean) => {
    setPassword('')
    setError(undefined)
    setBusy(false)
    request.done(isConfirmed)
  }
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    try {
      await reauthenticate(client, password)
      close(true)
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Dialog title="Enter your password" onClose={() => close(false)}>
      <form onSubmit={submit}>
        <p>{request.title} Then what you asked for goes on.</p>
        <Problem error={error} />
        <Field
          label="Password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          value={password}
          onText={setPassword}
        />
        <SubmitFooter text="Continue" isBusy={isBusy} />
      </form>
    </Dialog>
  )
}
