/** The acts on a service client that revoke. */
import type { ClientRotated, ClientView, Receipt } from '@gatehouse/contract'
import { call } from '../../api.ts'
import { ago } from '../../format.ts'
import { type Action, receiptOf } from '../drawer/action.ts'

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
    send: async ({ reason }) =>
      receiptOf(
        await call<Receipt>(`admin/clients/${encodeURIComponent(id)}`, {
          method: 'DELETE',
          body: { reason },
          waitSeconds: 1,
        }),
      ),
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
      const path = `admin/clients/${encodeURIComponent(id)}/rotate`
      const { data } = await call<ClientRotated>(path, {
        method: 'POST',
        body: { overlapSeconds, reason },
        waitSeconds: 1,
      })
      const secret = {
        label: `New secret of ${id}`,
        value: data.secret,
        hint: 'It is shown once. Store it in your secret store.',
      }
      return { receipt: data.revocation, secret }
    },
  }
}
