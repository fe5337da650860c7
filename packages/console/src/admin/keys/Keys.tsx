/** The keys that sign access tokens: the state of each, and which guards hold it. */
import type { KeyList, KeyView } from '@gatehouse/contract'
import { shortId } from '../../format.ts'
import { CheckIcon, ClockIcon, PlusIcon } from '../../ui/icons.tsx'
import { Time } from '../../ui/Time.tsx'
import { useData } from '../../useData.ts'
import { begin } from '../drawer/action.ts'
import { ListPage } from '../ListPage.tsx'
import { activateAction, announceAction, withdrawAction } from './keyActions.tsx'

export function Keys() {
  const list = useData<KeyList>('admin/keys', 2000)
  return (
    <ListPage
      title="Keys"
      list={list}
      button={
        <button type="button" class="button primary" onClick={() => begin(announceAction(list.reload))}>
          <PlusIcon size={16} /> Announce a key
        </button>
      }
      columns={{
        Key: [
          3,
          ({ kid, algorithm }) => (
            <>
              <span class="mono strong" title={kid}>
                {shortId(kid)}
              </span>
              <small class="block">{algorithm}</small>
            </>
          ),
        ],
        State: [2.5, ({ state }) => <span class={`pill ${pills[state]}`}>{state}</span>],
        Since: [3, key => <Time at={key.withdrawnAt ?? key.retiredAt ?? key.activatedAt ?? key.announcedAt} />],
        'Private key': [3, ({ stored }) => <span class={stored === 'none' ? 'muted' : ''}>{places[stored]}</span>],
        Guards: [5, ({ guards, state }) => <GuardStates guards={guards} isWithdrawn={state === 'withdrawn'} />],
        Actions: [5, key => <KeyButtons keyView={key} onDone={list.reload} />],
      }}
      rows={list.value?.keys}
      keyOf={({ kid }) => kid}
      empty="There is no key. The auth service cannot sign."
    >
      <p class="muted">
        Announce a key, activate it when every guard holds it, and withdraw the old key when its tokens have expired. No
        request is refused meanwhile.
      </p>
    </ListPage>
  )
}

const pills: Record<KeyView['state'], string> = { announced: 'accent', active: 'ok', retired: 'warn', withdrawn: '' }
const places: Record<KeyView['stored'], string> = {
  database: 'in the database',
  file: 'in SIGNING_KEY',
  none: 'not held',
}

const maxGuards = 12

/** The guards that still lack the change come first. */
function GuardStates({ guards, isWithdrawn }: { guards: KeyView['guards']; isWithdrawn: boolean }) {
  if (guards.length === 0) return <span class="muted">no live guard</span>
  const shown = guards.toSorted((a, b) => Number(a.holds) - Number(b.holds)).slice(0, maxGuards)
  const word = isWithdrawn ? 'refuses it' : 'holds it'
  return (
    <div class="row wrap">
      {shown.map(({ guard, name, holds }) => (
        <span key={guard} class={`pill break ${holds ? 'ok' : 'warn'}`} title={`${name} ${holds ? word : 'waits'}`}>
          {holds ? <CheckIcon size={13} /> : <ClockIcon size={13} />} {name}
          <span class="hidden"> {holds ? word : 'does not know it yet'}</span>
        </span>
      ))}
      {guards.length > shown.length && <small>and {guards.length - shown.length} more</small>}
    </div>
  )
}

function KeyButtons({ keyView, onDone }: { keyView: KeyView; onDone: () => void }) {
  const { kid, state } = keyView
  if (state !== 'announced' && state !== 'retired') return null
  return (
    <>
      <button type="button" class="button small" onClick={() => begin(activateAction(keyView, onDone))}>
        Activate<span class="hidden"> {shortId(kid)}</span>
      </button>
      <button type="button" class="button small danger" onClick={() => begin(withdrawAction(keyView, onDone))}>
        Withdraw<span class="hidden"> {shortId(kid)}</span>
      </button>
    </>
  )
}
