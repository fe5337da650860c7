/** The drawer of an act: what it will do, then its receipt, which turns green guard by guard. */
import { isProblem } from '@gatehouse/client'
import type { Receipt } from '@gatehouse/contract'
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { duration, plural } from '../../format.ts'
import { farewell, isPaused } from '../../session.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, onText } from '../../ui/Field.tsx'
import { Problem } from '../../ui/Problem.tsx'
import { to } from '../paths.ts'
import { type Action, type ActionResult, begin, currentAction } from './action.ts'
import { PendingReceipt, ReceiptProgress } from './ReceiptProgress.tsx'
import { Secret } from './Secret.tsx'

export function ActionDrawer() {
  const action = currentAction.use()
  // An act that was begun does not open again after a log-in.
  useEffect(() => () => currentAction.set(undefined), [])
  useEffect(() => {
    if (action === undefined) isPaused.set(false)
  }, [action])
  if (action === undefined) return null
  return (
    <Dialog key={action.title} kind="drawer" title={action.title} onClose={() => currentAction.set(undefined)}>
      <Steps action={action} />
    </Dialog>
  )
}

type State =
  | { step: 'form'; error?: unknown; difference?: ComponentChildren }
  | { step: 'sending' }
  | { step: 'done'; result: ActionResult }

function Steps({ action }: { action: Action }) {
  const [state, setState] = useState<State>({ step: 'form' })
  const submit = async (reason: string) => {
    setState({ step: 'sending' })
    try {
      const result = await action.send({ reason: reason.trim() || undefined })
      if (action.endsOwnSession && result.receipt) keepForLogIn(result.receipt)
      else action.onDone()
      setState({ step: 'done', result })
    } catch (error) {
      const isConflict = isProblem(error, 'precondition-failed')
      setState({ step: 'form', error, difference: isConflict ? await action.onConflict?.() : undefined })
    }
  }
  if (state.step === 'done') {
    const {
      receipt,
      secret,
      next,
      message = 'Done. No right was taken away, so no guard had to be informed.',
    } = state.result
    return (
      <div class="steps">
        {secret && <Secret {...secret} />}
        {receipt ? <ReceiptProgress receipt={receipt} /> : <p role="status">{message}</p>}
        <footer>
          <button type="button" class="button" onClick={() => currentAction.set(undefined)}>
            Close
          </button>
          {next && (
            <button type="button" class="button primary" onClick={() => begin(next)}>
              {next.title}
            </button>
          )}
        </footer>
      </div>
    )
  }
  return (
    <>
      {state.step === 'sending' && !action.endsOwnSession && <PendingReceipt />}
      <div hidden={state.step === 'sending'}>
        <ActionForm action={action} onSubmit={submit}>
          {state.step === 'form' && (
            <Problem error={state.error} next={isProblem(state.error, 'conflict') ? action.afterConflict : undefined} />
          )}
          {state.step === 'form' && state.difference}
        </ActionForm>
      </div>
    </>
  )
}

/** The act has ended the session of this page: the log-in page names its receipt, and the address shows it afterwards. */
function keepForLogIn({ seq, inForce, waitedMs, guards, sessionsEnded }: Receipt): void {
  const left = guards.filter(({ acknowledgedAt, leaseEndedAt }) => (acknowledgedAt ?? leaseEndedAt) === null).length
  const total = plural(guards.length, 'guard')
  const state = inForce ? `in force after ${duration(waitedMs)} at ${total}` : `waiting for ${left} of ${total}`
  farewell.set(`Receipt ${seq}: ${state}, ${plural(sessionsEnded, 'session')} ended.`)
  isPaused.set(true)
  history.replaceState(null, '', to('revocations', seq))
}

interface ActionFormProps {
  action: Action
  onSubmit: (reason: string) => void
  children: ComponentChildren
}

function ActionForm({ action, onSubmit, children }: ActionFormProps) {
  const { effects, confirmation, countdownSeconds = 0, button, isDangerous, hasReason = true } = action
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const left = useCountdown(countdownSeconds)
  const isConfirmed = (confirmation === undefined || typed === confirmation) && left === 0
  return (
    <form
      class="steps"
      onSubmit={event => {
        event.preventDefault()
        if (isConfirmed) onSubmit(reason)
      }}
    >
      {children}
      <ul class="effects">
        {effects.map((effect, index) => (
          <li key={String(index)}>{effect}</li>
        ))}
      </ul>
      {hasReason && (
        <Field
          label="Reason"
          autofocus
          hint="Optional. It is kept in the audit log."
          name="reason"
          placeholder="laptop lost"
          maxLength={500}
          value={reason}
          onInput={onText(setReason)}
        />
      )}
      {confirmation !== undefined && (
        <Field
          label={`Type “${confirmation}” to confirm`}
          name="confirmation"
          autocomplete="off"
          required
          value={typed}
          onInput={onText(setTyped)}
        />
      )}
      <footer>
        <button type="button" class="button" onClick={() => currentAction.set(undefined)}>
          Cancel
        </button>
        <button type="submit" class={`button primary ${isDangerous ? 'danger' : ''}`} disabled={!isConfirmed}>
          {left > 0 ? `${button} (in ${left} s)` : button}
        </button>
      </footer>
    </form>
  )
}

/** @returns the seconds that are left */
function useCountdown(seconds: number): number {
  const [left, setLeft] = useState(seconds)
  useEffect(() => {
    if (seconds === 0) return
    const timer = setInterval(() => setLeft(value => Math.max(0, value - 1)), 1000)
    return () => clearInterval(timer)
  }, [seconds])
  return left
}
