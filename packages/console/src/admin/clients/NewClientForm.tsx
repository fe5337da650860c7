/** Creates a service client; its secret is shown once. */
import type { ClientWithSecret } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { call } from '../../api.ts'
import { Field } from '../../ui/Field.tsx'
import { Form, type Values } from '../../ui/Form.tsx'
import { wordsOf } from '../drawer/action.ts'
import { Secret } from '../drawer/Secret.tsx'
import { secretOf } from './clientActions.tsx'

export function NewClientForm({ onDone }: { onDone: () => void }) {
  const [created, setCreated] = useState<ClientWithSecret | undefined>()
  const create = async ({ id, name, scopes = '' }: Values) => {
    const body = { id, ...(name && { name }), scopes: wordsOf(scopes) }
    const { data } = await call<ClientWithSecret>('admin/clients', { method: 'POST', body })
    setCreated(data)
    onDone()
  }
  if (created) {
    return (
      <div class="steps">
        <p role="status">The client {created.client.id} can authenticate.</p>
        <Secret {...secretOf(`Secret of ${created.client.id}`, created.secret)} />
      </div>
    )
  }
  return (
    <Form button="Create" onSubmit={create}>
      {error => (
        <>
          <Field label="Id" name="id" placeholder="warehouse" autocomplete="off" required autofocus error={error} />
          <Field label="Name" name="name" placeholder="The warehouse" autocomplete="off" error={error} />
          <Field
            label="Scopes"
            name="scopes"
            defaultValue="guard"
            hint="With spaces: guard, introspect, or scopes of the admin routes."
            autocomplete="off"
            required
            error={error}
          />
        </>
      )}
    </Form>
  )
}
