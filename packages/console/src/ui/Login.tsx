/** Logs in. A password that must change is changed in the same form. */
import { isProblem } from '@gatehouse/client'
import { useState } from 'preact/hooks'
import { client, farewell, session } from '../session.ts'
import { endedText } from '../texts.ts'
import { Checkbox, Field, NewPassword } from './Field.tsx'
import { Form, type Values } from './Form.tsx'
import { AlertIcon, CheckIcon } from './icons.tsx'

export function Login({ title }: { title: string }) {
  const [mustChange, setMustChange] = useState(false)
  const state = session.use()
  const receipt = farewell.use()
  const why = state.status === 'signed-out' ? state.why : undefined
  const ended = why && !/^(signed-out|refresh-missing)$/.test(why) && endedText(why)

  const logIn = async ({ email = '', password = '', newPassword, remember }: Values) => {
    try {
      await client.signIn({ email, password, remember: remember === 'on', ...(newPassword && { newPassword }) })
      farewell.set(undefined)
    } catch (failure) {
      if (isProblem(failure, 'password-change-required')) setMustChange(true)
      throw failure
    }
  }

  return (
    <main class="login">
      <div class="steps">
        <div class="mark" />
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
        <Form button={mustChange ? 'Set password and log in' : 'Log in'} tone="wide" onSubmit={logIn}>
          {error => (
            <>
              <Field label="E-mail address" type="email" name="email" autocomplete="username" required autofocus />
              <Field
                label={mustChange ? 'Current password or reset code' : 'Password'}
                type="password"
                name="password"
                autocomplete="current-password"
                required
              />
              {mustChange && <NewPassword error={error} />}
              <Checkbox name="remember" label="Keep me signed in on this device" />
            </>
          )}
        </Form>
      </div>
    </main>
  )
}
