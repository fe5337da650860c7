/** Creates an account with an initial password, which its user replaces at the first log-in. */
import type { UserView } from '@gatehouse/contract'
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { call } from '../../api.ts'
import { fieldReason } from '../../fieldReason.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { Problem } from '../../ui/Problem.tsx'
import { SubmitFooter } from '../../ui/SubmitFooter.tsx'
import { Secret } from '../drawer/Secret.tsx'

export function NewUserButton({ onCreated, children }: { onCreated: () => void; children: ComponentChildren }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" class="button primary" onClick={() => setOpen(true)}>
        {children}
      </button>
      {isOpen && (
        <Dialog title="New user" kind="drawer" onClose={() => setOpen(false)}>
          <NewUserForm onCreated={onCreated} />
        </Dialog>
      )}
    </>
  )
}

/** 120 random bits: the service accepts it, and its user must replace it. */
function randomPassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(15))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

function NewUserForm({ onCreated }: { onCreated: () => void }) {
  const [email, setEmail] = useState('')
  const [roles, setRoles] = useState('')
  const [key] = useState(() => crypto.randomUUID())
  const [password] = useState(randomPassword)
  const [error, setError] = useState<unknown>()
  const [created, setCreated] = useState<UserView | undefined>()
  const submit = async (event: Event) => {
    event.preventDefault()
    try {
      const body = { email, password, mustChangePassword: true, roles: roles.split(/\s+/).filter(Boolean) }
      const { data } = await call<UserView>('admin/users', { method: 'POST', body, key })
      setCreated(data)
      onCreated()
    } catch (failure) {
      setError(failure)
    }
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
    <form class="steps" onSubmit={submit}>
      <Problem error={error} />
      <Field
        label="E-mail address"
        type="email"
        autocomplete="off"
        required
        autofocus
        value={email}
        error={fieldReason(error, 'email')}
        onText={setEmail}
      />
      <Field
        label="Roles"
        hint="Optional, with spaces: admin, auditor, or roles of your services."
        autocomplete="off"
        value={roles}
        error={fieldReason(error, 'roles')}
        onText={setRoles}
      />
      <SubmitFooter text="Create" />
    </form>
  )
}
