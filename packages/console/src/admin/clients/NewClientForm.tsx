/** Creates a service client; its secret is shown once. */
import type { ClientWithSecret } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { call } from '../../api.ts'
import { fieldReason } from '../../fieldReason.ts'
import { Field } from '../../ui/Field.tsx'
import { Problem } from '../../ui/Problem.tsx'
import { SubmitFooter } from '../../ui/SubmitFooter.tsx'
import { Secret } from '../drawer/Secret.tsx'

export function NewClientForm({ onDone }: { onDone: () => void }) {
  const [values, setValues] = useState({ id: '', name: '', scopes: 'guard' })
  const [error, setError] = useState<unknown>()
  const [created, setCreated] = useState<ClientWithSecret | undefined>()
  const submit = async (event: Event) => {
    event.preventDefault()
    const { id, name, scopes } = values
    const body = { id, ...(name && { name }), scopes: scopes.split(/\s+/).filter(Boolean) }
    try {
      const { data } = await call<ClientWithSecret>('admin/clients', { method: 'POST', body })
      setCreated(data)
      onDone()
    } catch (failure) {
      setError(failure)
    }
  }
  const field = (name: keyof typeof values) => ({
    value: values[name],
    autocomplete: 'off',
    error: fieldReason(error, name),
    onText: (text: string) => setValues({ ...values, [name]: text }),
  })
  if (created) {
    return (
      <div class="steps">
        <p role="status">The client {created.client.id} can authenticate.</p>
        <Secret
          label={`Secret of ${created.client.id}`}
          value={created.secret}
          hint="It is shown once. Store it in your secret store."
        />
      </div>
    )
  }
  return (
    <form class="steps" onSubmit={submit}>
      <Problem error={error} />
      <Field label="Id" placeholder="warehouse" required autofocus {...field('id')} />
      <Field label="Name" placeholder="The warehouse" {...field('name')} />
      <Field
        label="Scopes"
        hint="With spaces: guard, introspect, or scopes of the admin routes."
        required
        {...field('scopes')}
      />
      <SubmitFooter text="Create" />
    </form>
  )
}
