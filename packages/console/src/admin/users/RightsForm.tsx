/** Chooses new roles and scopes; the drawer then shows what changes. */
import type { UserChanged, UserDetail } from '@gatehouse/contract'
import { call, soon } from '../../api.ts'
import { Field } from '../../ui/Field.tsx'
import { Form } from '../../ui/Form.tsx'
import { type Action, wordsOf } from '../drawer/action.ts'
import { Difference } from './Difference.tsx'
import type { Seen } from './userAction.tsx'

export interface RightsFormProps {
  seen: Seen
  onSubmit: (action: Omit<Action, 'onDone'>) => void
}

export function RightsForm({ seen, onSubmit }: RightsFormProps) {
  const { roles, scopes } = seen.user
  return (
    <Form
      button="Review"
      onSubmit={values =>
        onSubmit(rightsAction(seen, { roles: wordsOf(values['roles'] ?? ''), scopes: wordsOf(values['scopes'] ?? '') }))
      }
    >
      {() => (
        <>
          <Field
            label="Roles"
            name="roles"
            hint="With spaces: admin, auditor, or roles of your services."
            autofocus
            defaultValue={roles.join(' ')}
          />
          <Field
            label="Scopes"
            name="scopes"
            hint="With spaces, for example storage:restricted."
            defaultValue={scopes.join(' ')}
          />
        </>
      )}
    </Form>
  )
}

function rightsAction(first: Seen, after: { roles: string[]; scopes: string[] }): Omit<Action, 'onDone'> {
  const before = [...first.user.roles, ...first.user.scopes]
  const now = [...after.roles, ...after.scopes]
  const added = now.filter(name => !before.includes(name))
  const removed = before.filter(name => !now.includes(name))
  const isConfirmed = first.isOwn && removed.length > 0
  let seen = first
  return {
    title: 'Change roles and scopes',
    button: 'Change',
    isDangerous: removed.length > 0,
    ...(isConfirmed ? { confirmation: 'myself' } : {}),
    effects: [
      ...(added.length > 0 ? [<>Grants {added.join(', ')}, from the next renewal on.</>] : []),
      ...(removed.length > 0
        ? [
            <>Takes away {removed.join(', ')}.</>,
            'Clients get 401 token-expired once, renew, and go on with fewer rights. No session ends.',
          ]
        : []),
      ...(added.length + removed.length === 0 ? ['Nothing changes.'] : []),
    ],
    send: async ({ reason }) => {
      const body = { ...after, reason, ...(isConfirmed ? { confirm: 'myself' } : {}) }
      const request = { method: 'PATCH', body, headers: { ...soon, 'if-match': seen.etag ?? '' } } as const
      const { data } = await call<UserChanged>(`admin/users/${seen.user.id}`, request)
      return { receipt: data.revocation }
    },
    onConflict: async () => {
      const { data, etag } = await call<UserDetail>(`admin/users/${seen.user.id}`)
      const difference = <Difference before={seen.user} after={data.user} />
      seen = { ...seen, user: data.user, etag }
      return difference
    },
  }
}
