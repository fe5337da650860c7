/** The acts on a service client that revoke. */
import type { ClientRotated, ClientView, Receipt } from '@gatehouse/contract'
import { call, soon } from '../../api.ts'
import { ago } from '../../format.ts'
import { type Action, receiptOf, type ShownSecret } from '../drawer/action.ts'

export function secretOf(label: string, value: string): ShownSecret {
  return { label, value, hint: 'It is shown once. Store it in your secret store.' }
}

export function deleteAction({ id, lastUsedAt }: ClientView, onDone: () => void): Action {
  return {
    title: 'Delete this service client',
    button: 'Delete',
    isDangerous: true,
    confirmation: id,
    effects: [
      <>
        Deletes <strong class="break">{id}</strong>, last used {lastUsedAt ? ago(lastUsedAt) : 'never'}.
      </>,
      'Its tokens are refused, and its guards get no lease any more: their services answer 503 until they have another client.',
    ],
    send: async body => {
      const request = { method: 'DELETE', body, headers: soon } as const
      return receiptOf(await call<Receipt>(`admin/clients/${encodeURIComponent(id)}`, request))
    },
    onDone,
  }
}

export function rotateAction({ id }: ClientView, overlapSeconds: number): Omit<Action, 'onDone'> {
  const isAtOnce = overlapSeconds === 0
  return {
    title: `Rotate the secret of ${id}`,
    button: 'Rotate',
    isDangerous: isAtOnce,
    effects: [
      'Makes a new secret, which is shown once.',
      isAtOnce
        ? 'The old secret and the tokens that it got are refused at once.'
        : `The old secret is accepted until ${ago(new Date(Date.now() + overlapSeconds * 1000).toISOString())}.`,
    ],
    send: async ({ reason }) => {
      const request = { method: 'POST', body: { overlapSeconds, reason }, headers: soon } as const
      const { data } = await call<ClientRotated>(`admin/clients/${encodeURIComponent(id)}/rotate`, request)
      return { receipt: data.revocation, secret: secretOf(`New secret of ${id}`, data.secret) }
    },
  }
}
