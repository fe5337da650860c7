/** A receipt: each guard with its state, and whether the revocation is in force. */
import type { GuardList, Receipt } from '@gatehouse/contract'
import { useEffect, useState } from 'preact/hooks'
import { duration, plural } from '../../format.ts'
import { AlertIcon, CheckIcon, ClockIcon, DownloadIcon } from '../../ui/icons.tsx'
import { useData } from '../../useData.ts'
import { to, withQuery } from '../paths.ts'
import { currentAction } from './action.ts'
import { type LiveGuard, type LiveReceipt, useLiveReceipt } from './followReceipt.ts'

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})
/** `08:15:03.022` */
const timeOfDay = (iso: string) => clock.format(Date.parse(iso))

/** The act was sent; its answer comes within a second, in force or not. */
export function PendingReceipt() {
  const { value } = useData<GuardList>('admin/guards')
  return (
    <div class="steps" aria-busy="true">
      <div class="verdict wait" role="status">
        <ClockIcon size={20} />
        <strong>{value ? `Informing ${plural(value.guards.length, 'guard')}…` : 'Sending…'}</strong>
      </div>
      <ul class="guards">
        {value?.guards.map(({ guard, name }) => (
          <li key={guard}>
            <span class="spot" />
            <span class="grow break">{name}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** @param isPage it is the receipt's own page, which needs no link to itself */
export function ReceiptProgress({ receipt, isPage = false }: { receipt: Receipt; isPage?: boolean }) {
  const live = useLiveReceipt(receipt)
  return (
    <>
      <Verdict live={live} />
      <ul class="guards">
        {live.guards.map(guard => (
          <GuardLine key={guard.guard} guard={guard} isInForce={live.inForce} />
        ))}
      </ul>
      <ReceiptLinks live={live} isPage={isPage} />
    </>
  )
}

function Verdict({ live }: { live: LiveReceipt }) {
  const waiting = live.guards.filter(guard => !isDone(guard)).length
  const total = plural(live.guards.length, 'guard')
  const lapsed = live.guards.filter(({ leaseEndedAt }) => leaseEndedAt !== null).length
  if (!live.inForce) {
    return (
      <div class="verdict wait" role="status">
        <ClockIcon size={20} />
        <div>
          <strong>
            Waiting for {waiting} of {total}
          </strong>
          <small>{wordsOf(live).pending} A guard that does not answer stops deciding when its lease ends.</small>
        </div>
      </div>
    )
  }
  return (
    <div class="verdict ok" role="status">
      <CheckIcon size={20} />
      <div>
        <strong>
          In force after {duration(live.waitedMs)} at {total}
        </strong>
        <small>
          {wordsOf(live).done} {lapsed > 0 && `${plural(lapsed, 'guard')} did not answer, and no longer decides.`}
        </small>
      </div>
    </div>
  )
}

function wordsOf({ effect, sessionsEnded }: LiveReceipt): { pending: string; done: string } {
  if (effect === 'announced')
    return { pending: 'The key signs nothing yet.', done: 'Each of them verifies with the key.' }
  if (effect === 'withdrawn')
    return { pending: 'The auth service refuses the key.', done: 'Every token that the key signed is refused.' }
  return { pending: 'The sessions have ended.', done: `${plural(sessionsEnded, 'session')} ended.` }
}

function isDone({ acknowledgedAt, leaseEndedAt }: LiveGuard): boolean {
  return acknowledgedAt !== null || leaseEndedAt !== null
}

function GuardLine({ guard, isInForce }: { guard: LiveGuard; isInForce: boolean }) {
  const left = useSecondsLeft(guard.leaseEndsMs)
  const [tone, Icon, text] = stateOf(guard, { isInForce, left })
  return (
    <li class={tone}>
      <span class="spot">
        <Icon size={14} />
      </span>
      <span class="grow break">{guard.name}</span>
      <small class="num">{text}</small>
    </li>
  )
}

interface Waiting {
  isInForce: boolean
  /** The seconds that are left of the lease. */
  left: number | undefined
}

function stateOf({ acknowledgedAt, leaseEndedAt }: LiveGuard, { isInForce, left }: Waiting) {
  if (acknowledgedAt !== null) return ['ok', CheckIcon, `acknowledged ${timeOfDay(acknowledgedAt)}`] as const
  if (leaseEndedAt !== null) return ['lapsed', AlertIcon, `lease ended ${timeOfDay(leaseEndedAt)}`] as const
  if (isInForce) return ['lapsed', AlertIcon, 'has left the feed'] as const
  return ['wait', ClockIcon, left === undefined ? 'waiting' : `waits for its lease, ${left} s left`] as const
}

function useSecondsLeft(endsMs: number | null): number | undefined {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    if (endsMs === null) return
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [endsMs])
  return endsMs === null ? undefined : Math.max(0, Math.ceil((endsMs - now) / 1000))
}

function ReceiptLinks({ live, isPage }: { live: LiveReceipt; isPage: boolean }) {
  const close = () => currentAction.set(undefined)
  const { guards, ...rest } = live
  const plain = { ...rest, guards: guards.map(({ leaseEndsMs: _, ...guard }) => guard) }
  const download = () => saveAs(`receipt-${live.seq}.json`, JSON.stringify(plain, null, 2))
  return (
    <div class="row wrap links">
      {!isPage && (
        <a class="button small" href={to('revocations', live.seq)} onClick={close}>
          Receipt {live.seq}
        </a>
      )}
      <a class="button small" href={withQuery(to('audit'), { seq: String(live.seq) })} onClick={close}>
        Audit entry
      </a>
      <button type="button" class="button small" onClick={download}>
        <DownloadIcon size={16} /> JSON
      </button>
    </div>
  )
}

/** Saves text as a file of the user. */
export function saveAs(name: string, text: string | Blob): void {
  const href = URL.createObjectURL(new Blob([text]))
  Object.assign(document.createElement('a'), { href, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(href), 1000)
}
