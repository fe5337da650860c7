/** The acts on keys. */
import type { KeyAnnounced, KeyView, Receipt } from '@gatehouse/contract'
import { call, soon } from '../../api.ts'
import { shortId } from '../../format.ts'
import { type Action, receiptOf } from '../drawer/action.ts'

export function announceAction(onDone: () => void): Action {
  return {
    title: 'Announce a key',
    button: 'Announce',
    isDangerous: false,
    effects: [
      'Creates a key. Its private key is stored in the database, encrypted, for all replicas.',
      'Guards verify with it from now on. It signs nothing yet.',
    ],
    send: async ({ reason }) => {
      const { data } = await call<KeyAnnounced>('admin/keys', { method: 'POST', body: { reason }, headers: soon })
      return { receipt: data.announcement, next: activateAction(data.key, onDone) }
    },
    onDone,
    afterConflict:
      'The service cannot store a private key: set KEY_ENCRYPTION_KEYS on every replica, or add the key to SIGNING_KEY. If 20 keys are not withdrawn, withdraw some first.',
  }
}

export function activateAction({ kid, state }: Pick<KeyView, 'kid' | 'state'>, onDone: () => void): Action {
  return {
    title: 'Activate the key',
    button: 'Activate',
    isDangerous: false,
    effects: [
      <>
        Signs new tokens with <strong class="mono">{shortId(kid)}</strong>
        {state === 'retired' && ', which signed before'}. It waits until every live guard holds the key.
      </>,
      'The key that signs now is retired: its tokens are valid until they expire.',
    ],
    send: async ({ reason }) => {
      await call(`admin/keys/${kid}/activate`, { method: 'POST', body: { reason } })
      return { receipt: null, message: `New tokens are signed with ${shortId(kid)}. No token was refused.` }
    },
    onDone,
    afterConflict:
      'A live guard does not hold the key yet, or the replica lacks its private key. Wait until the list shows the key at every guard, then try again.',
  }
}

export function withdrawAction({ kid, state }: KeyView, onDone: () => void): Action {
  return {
    title: 'Withdraw the key',
    button: 'Withdraw',
    isDangerous: true,
    confirmation: shortId(kid),
    effects: [
      <>
        Refuses every token that <strong class="mono">{shortId(kid)}</strong> signed, for ever.
      </>,
      state === 'retired'
        ? 'Clients whose tokens are refused renew, and go on. After ACCESS_TOKEN_SECONDS, no client has such a token.'
        : 'It has signed no token yet.',
    ],
    send: async ({ reason }) => {
      const path = `admin/keys/${kid}/withdraw`
      return receiptOf(await call<Receipt>(path, { method: 'POST', body: { reason }, headers: soon }))
    },
    onDone,
    afterConflict: 'The key signs, or is withdrawn already. Close, and look at the list.',
  }
}
