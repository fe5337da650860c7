/** Step-up: asks for the password where the service wants a recent log-in, then repeats the call. */
import { isProblem } from '@gatehouse/client'
import { reauthenticate } from '@gatehouse/client/reauthenticate'
import { client } from '../session.ts'
import { createStore } from '../store.ts'
import { Dialog } from './Dialog.tsx'
import { Field } from './Field.tsx'
import { Form } from './Form.tsx'

interface PasswordRequest {
  /** What the service says. */
  title: string
  /** True: the password was accepted, and the call is repeated. */
  done: (isConfirmed: boolean) => void
}

const request = createStore<PasswordRequest | undefined>(undefined)

const { fetch } = client
client.fetch = async (input, init) => {
  try {
    return await fetch(input, init)
  } catch (error) {
    if (!isProblem(error, 'reauthentication-required')) throw error
    const { title } = error.problem
    const isConfirmed = await new Promise<boolean>(done => request.set({ title, done }))
    request.set(undefined)
    if (!isConfirmed) throw error
    return fetch(input, init)
  }
}

export function Reauthenticate() {
  const { title, done } = request.use() ?? {}
  if (!done) return null
  const confirm = async ({ password = '' }) => {
    await reauthenticate(client, password)
    done(true)
  }
  return (
    <Dialog title="Enter your password" onClose={() => done(false)}>
      <Form button="Continue" onSubmit={confirm}>
        {() => (
          <>
            <p>{title} Then what you asked for goes on.</p>
            <Field
              label="Password"
              type="password"
              name="password"
              autocomplete="current-password"
              required
              autofocus
            />
          </>
        )}
      </Form>
    </Dialog>
  )
}
