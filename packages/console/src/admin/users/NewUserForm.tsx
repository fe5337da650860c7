/** Creates an account with an initial password, which its user replaces at the first log-in. */
import type { UserView } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { call } from '../../api.ts'
import { Field } from '../../ui/Field.tsx'
import { Form } from '../../ui/Form.tsx'
import { wordsOf } from '../drawer/action.ts'
import { Secret } from '../drawer/Secret.tsx'

/** 120 random bits: the service accepts it, and its user must replace it. */
function randomPassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(15))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

export function NewUserForm({ onCreated }: { onCreated: () => void }) {
  const [key] = useState(() => crypto.randomUUID())
  const [password] = useState(randomPassword)
  const [created, setCreated] = useState<UserView | undefined>()
  const create = async ({ email, roles = '' }: { email?: string; roles?: string }) => {
    const body = { email, password, mustChangePassword: true, roles: wordsOf(roles) }
    const headers = { 'idempotency-key': key }
    const { data } = await call<UserView>('admin/users', { method: 'POST', body, headers })
    setCreated(data)
    onCreated()
  }
  if (created) {
    const hint = 'It is shown once. The user must choose another at the first log-in.'
    return (
      <div class="steps">
        <p role="status" class="break">
          <bdi>{created.email}</bdi> can log in.
        </p>
        <Secret label="Initial password" value={password} hint={hint} />
      </div>
    )
  }
  return (
    <Form button="Create" onSubmit={create}>
      {error => (
        <>
          <Field label="E-mail address" type="email" name="email" autocomplete="off" required autofocus error={error} />
          <Field
            label="Roles"
            name="roles"
            hint="Optional, with spaces: admin, auditor, or roles of your services."
            autocomplete="off"
            error={error}
          />
        </>
      )}
    </Form>
  )
}
