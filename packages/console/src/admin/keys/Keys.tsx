/** The keys that sign access tokens: the state of each, and which guards hold it. */
import type { KeyList, KeyView } from '@gatehouse/contract'
import { shortId } from '../../format.ts'
import { CheckIcon, ClockIcon, PlusIcon } from '../../ui/icons.tsx'
import { Problem } from '../../ui/Problem.tsx'
import { Table } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { useData } from '../../useData.ts'
import { begin } from '../drawer/action.ts'
import { useIsAdmin } from '../me.ts'
import { activateAction, announceAction, withdrawAction } from './keyActions.tsx'

export function Keys() {
  const list = useData<KeyList>('admin/keys', 2000)
  const isAdmin = useIsAdmin()
  const columns = ['Key', 'State', 'Since', 'Private key', 'Guards']
  return (
    <>
      <div class="heading">
        <h1>Keys</h1>
        {isAdmin && (
          <button type="button" class="button primary" onClick={() => begin(announceAction(list.reload))}>
            <PlusIcon size={16} /> Announce a key
          </button>
        )}
      </div>
      <p class="muted">
        Announce a key, activate it when every guard holds it, and withdraw the old key when its tokens have expired. No
        request is refused meanwhile.
      </p>
      <Problem error={list.error} onRetry={list.reload} />
      <Table
        label="Keys"
        columns={isAdmin ? [...columns, '-Actions'] : columns}
        widths={[3, 2.5, 3, 3, 5, 5]}
        rows={list.value?.keys}
        expected={2}
        keyOf={({ kid }) => kid}
        empty="There is no key. The auth service cannot sign."
        row={key => (
          <>
            <KeyCells keyView={key} />
            {isAdmin && (
              <td class="end nowrap">
                <KeyButtons keyView={key} onDone={list.reload} />
              </td>
            )}
          </>
        )}
      />
    </>
  )
}

const pills: Record<KeyView['state'], string> = { announced: 'accent', active: 'ok', retired: 'warn', withdrawn: '' }
const places: Record<KeyView['stored'], string> = {
  database: 'in the database',
  file: 'in SIGNING_KEY',
  none: 'not held',
}

function KeyCells({ keyView }: { keyView: KeyView }) {
  const { kid, algorithm, state, stored, announcedAt, activatedAt, retiredAt, withdrawnAt, guards } = keyView
  return (
    <>
      <td>
        <span class="mono strong" title={kid}>
          {shortId(kid)}
        </span>
        <small class="block">{algorithm}</small>
      </td>
      <td>
        <span class={`pill ${pills[state]}`}>{state}</span>
      </td>
      <td>
        <Time at={withdrawnAt ?? retiredAt ?? activatedAt ?? announcedAt} />
      </td>
      <td class={stored === 'none' ? 'muted' : ''}>{places[stored]}</td>
      <td>
        <GuardStates guards={guards} isWithdrawn={state === 'withdrawn'} />
      </td>
    </>
  )
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
      </button>{' '}
      <button type="button" class="button small danger" onClick={() => begin(withdrawAction(keyView, onDone))}>
        Withdraw<span class="hidden"> {shortId(kid)}</span>
      </button>
    </>
  )
}
